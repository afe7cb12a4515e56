import type { AssignedPartition } from '../driver.js';
import type { TopicPartition } from '../record.js';
import type { ClusterLink } from './cluster-link.js';
import type { GroupSession } from './group-session.js';
import { logStart } from './log-offsets.js';

/** Where reading starts: the group's commit, or the start of the log where there is none. */
export const startingPositions = async (
  partitions: readonly TopicPartition[],
  session: GroupSession,
  link: ClusterLink,
): Promise<AssignedPartition[]> => {
  const commits = await session.committed(partitions);
  return Promise.all(
    partitions.map(async ({ topic, partition }) => {
      const commit = commits.find((found) => found.topic === topic && found.partition === partition);
      const position = commit?.offset ?? (await logStart(link, { topic, partition }));
      return { topic, partition, position, metadata: commit?.metadata ?? '' };
    }),
  );
};
