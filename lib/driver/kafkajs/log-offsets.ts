import type { TopicPartition } from '../record.js';
import { backoffMs, sleep } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import { isRetriable } from './kafkajs-errors.js';
import type { ProtocolRequest } from './requests/protocol-request.js';
import { listOffsetRequest } from './requests/list-offsets.js';
import { epochEndRequest } from './requests/offset-for-leader-epoch.js';

/** The first offset that the broker still has. */
export const logStart = (link: ClusterLink, partition: TopicPartition): Promise<bigint> =>
  askLeader(link, partition, listOffsetRequest(partition, 'start'));

/** The offset that the next record will get. */
export const logEnd = (link: ClusterLink, partition: TopicPartition): Promise<bigint> =>
  askLeader(link, partition, listOffsetRequest(partition, 'end'));

/** Where the records of this leader's epoch end in the log as it is now; negative when there are none. */
export const epochEnd = (link: ClusterLink, partition: TopicPartition, epoch: number): Promise<bigint> =>
  askLeader(link, partition, epochEndRequest(partition, epoch));

/** A partition that has just been made, or whose leader moves, is asked again. */
const ATTEMPTS = 8;

const askLeader = async <T>(
  link: ClusterLink,
  partition: TopicPartition,
  request: ProtocolRequest<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    const leader = link.leaderOf(partition);
    try {
      if (leader === undefined) throw leaderUnknown(partition);
      return await link.send(leader, request);
    } catch (error) {
      if (attempt >= ATTEMPTS || !isRetriable(error)) throw error;
      await sleep(backoffMs(attempt));
      await link.recover(error, leader);
    }
  }
};

const leaderUnknown = ({ topic, partition }: TopicPartition): Error =>
  Object.assign(new Error(`${topic}[${partition}] has no leader`), { type: 'LEADER_NOT_AVAILABLE' });
