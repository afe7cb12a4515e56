import type { TopicPartition } from '../record.js';
import type { ClusterLink } from './cluster-link.js';
import { toRpcError } from './kafkajs-errors.js';

/** The first offset that the broker still has. */
export const logStart = (link: ClusterLink, partition: TopicPartition): Promise<bigint> =>
  logOffset(link, partition, true);

/** The offset that the next record will get. */
export const logEnd = (link: ClusterLink, partition: TopicPartition): Promise<bigint> =>
  logOffset(link, partition, false);

const logOffset = async (
  { cluster }: ClusterLink,
  { topic, partition }: TopicPartition,
  fromBeginning: boolean,
): Promise<bigint> => {
  const topics = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }]);
  const offset = topics[0]?.partitions[0]?.offset;
  if (offset !== undefined) return BigInt(offset);
  throw toRpcError(new Error('the broker gave no offset'), `find the place in ${topic}[${partition}]`);
};
