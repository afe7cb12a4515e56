import type { AssignedPartition, OffsetCommit } from '../driver.js';
import type { TopicPartition } from '../record.js';
import type { ClusterLink } from './cluster-link.js';
import type { GroupSession } from './group-session.js';
import { logStart } from './log-offsets.js';

/** Where a new owner starts to read. */
export interface StartingPositions {
  readonly assigned: readonly AssignedPartition[];
  /** The positions of partitions of which the group has no commit yet. */
  readonly firstCommits: readonly OffsetCommit[];
}

/** The group's commit, or the start of the log where there is none. @throws what kafkajs throws. */
export const startingPositions = async (
  partitions: readonly TopicPartition[],
  session: GroupSession,
  link: ClusterLink,
): Promise<StartingPositions> => {
  // A partition may be newer than the metadata at hand.
  if (partitions.some((partition) => link.leaderOf(partition) === undefined)) await link.refresh();
  const commits = await session.committed(partitions);
  const firstCommits: OffsetCommit[] = [];
  const assigned = await Promise.all(
    partitions.map(async ({ topic, partition }) => {
      const commit = commits.find((found) => found.topic === topic && found.partition === partition);
      if (commit !== undefined)
        return { ...commit, position: commit.offset, metadata: commit.metadata ?? '' };
      const position = await logStart(link, { topic, partition });
      firstCommits.push({ topic, partition, offset: position });
      return { topic, partition, position, metadata: '' };
    }),
  );
  return {
    assigned: assigned.map(({ topic, partition, position, metadata }) => ({
      topic,
      partition,
      position,
      metadata,
    })),
    firstCommits,
  };
};
