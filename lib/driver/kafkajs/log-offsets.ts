import type { TopicPartition } from '../record.js';
import type { ClusterLink } from './cluster-link.js';
import { backoffMs, sleep } from './backoff.js';
import { isRetriable, toRpcError } from './kafkajs-errors.js';

/** The first offset that the broker still has. */
export const logStart = (link: ClusterLink, partition: TopicPartition): Promise<bigint> =>
  logOffset(link, partition, true);

/** The offset that the next record will get. */
export const logEnd = (link: ClusterLink, partition: TopicPartition): Promise<bigint> =>
  logOffset(link, partition, false);

/** A partition that has just been made, or whose leader moves, is asked again. */
const ATTEMPTS = 8;

const logOffset = async (
  link: ClusterLink,
  place: TopicPartition,
  fromBeginning: boolean,
): Promise<bigint> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await askOffset(link, place, fromBeginning);
    } catch (error) {
      if (attempt >= ATTEMPTS || !isRetriable(error)) throw error;
      await sleep(backoffMs(attempt));
      await link.recover(error);
    }
  }
};

const askOffset = async (
  { cluster }: ClusterLink,
  { topic, partition }: TopicPartition,
  fromBeginning: boolean,
): Promise<bigint> => {
  const topics = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }]);
  const offset = topics[0]?.partitions[0]?.offset;
  if (offset !== undefined) return BigInt(offset);
  throw toRpcError(new Error('the broker gave no offset'), `find the place in ${topic}[${partition}]`);
};
