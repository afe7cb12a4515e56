import type { TopicPartition } from '../record.js';
import { errorType } from './kafkajs-errors.js';
import type { TopicMetadata } from './requests/metadata.js';

/** What is known of a topic; kept while a broker knows nothing of it for a moment. */
export interface KnownTopic {
  /** Undefined where brokers give none. */
  readonly id: string | undefined;
  /** By partition; -1 while nobody leads it. */
  readonly leaders: readonly number[];
  readonly epochs: readonly number[];
  /** A bit for each operation that is permitted. */
  readonly operations: number;
  /** Why it is not known any more. */
  readonly error: Error | undefined;
}

/** What was learned that was not known before. */
export type TopicChange =
  | { readonly type: 'partitions'; readonly topic: string; readonly from: number; readonly to: number }
  | { readonly type: 'recreated'; readonly topic: string }
  /** Nothing but who leads its partitions. */
  | { readonly type: 'leaders'; readonly topic: string }
  /** It is not there any more. */
  | { readonly type: 'deleted'; readonly topic: string };

/** An operation on a topic that the broker has refused. */
export interface DeniedOperation {
  readonly operation: TopicOperation;
  readonly topic: string;
  readonly error: unknown;
}

/** The bits of Kafka's operations (AclOperation). */
const OPERATION_BITS = { Read: 3, Write: 4, DescribeConfigs: 10 } as const;
export type TopicOperation = keyof typeof OPERATION_BITS;

/** The broker did not say. */
const OPERATIONS_UNKNOWN = -2_147_483_648;

/** The topics of a cluster that are used here: leaders, epochs, ids, rights. Fed with what brokers answer. */
export class TopicDirectory {
  private readonly topics = new Map<string, KnownTopic>();
  /** Of topics that are not there. */
  private readonly errors = new Map<string, Error>();

  get(topic: string): KnownTopic | undefined {
    return this.topics.get(topic);
  }

  /** Why the broker told nothing of the topic when it was asked last. */
  errorOf(topic: string): Error | undefined {
    return this.errors.get(topic);
  }

  /** From what is at hand; undefined while the partition has no leader, or is not known. */
  leaderOf({ topic, partition }: TopicPartition): number | undefined {
    const leader = this.topics.get(topic)?.leaders[partition];
    return leader === undefined || leader < 0 ? undefined : leader;
  }

  /** False only when the broker has said so. */
  isPermitted(topic: string, operation: TopicOperation): boolean {
    const known = this.topics.get(topic);
    if (known === undefined || known.operations === OPERATIONS_UNKNOWN) return true;
    return (known.operations & (1 << OPERATION_BITS[operation])) !== 0;
  }

  /** @returns what is other than it was. */
  learn(found: TopicMetadata): readonly TopicChange[] {
    const { topic } = found;
    const known = this.topics.get(topic);
    const next = knownFrom(found);
    if (found.error === undefined) this.errors.delete(topic);
    else this.errors.set(topic, found.error);
    if (next.leaders.length === 0) {
      if (known === undefined) return [];
      this.topics.set(topic, { ...known, leaders: allWithout(known), error: next.error });
      return isGone(next) && !isGone(known) ? [{ type: 'deleted', topic }] : [];
    }
    this.topics.set(topic, next);
    return known === undefined ? [] : changesOf(topic, known, next);
  }
}

const knownFrom = ({ id, error, operations, partitionMetadata }: TopicMetadata): KnownTopic => {
  const leaders: number[] = [];
  const epochs: number[] = [];
  for (const { partitionId, leader, leaderEpoch } of partitionMetadata) {
    leaders[partitionId] = leader;
    epochs[partitionId] = leaderEpoch;
  }
  return { id, leaders, epochs, operations, error };
};

const isGone = ({ error }: KnownTopic): boolean => errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION';

/** Its size stays known: what is written to it is kept for when it is back. */
const allWithout = ({ leaders }: KnownTopic): readonly number[] => leaders.map(() => -1);

const changesOf = (topic: string, from: KnownTopic, to: KnownTopic): readonly TopicChange[] => {
  const changes: TopicChange[] = [];
  if (from.id !== undefined && to.id !== undefined && from.id !== to.id)
    changes.push({ type: 'recreated', topic });
  if (from.leaders.length !== to.leaders.length)
    changes.push({ type: 'partitions', topic, from: from.leaders.length, to: to.leaders.length });
  const isLedByOthers = to.leaders.some((leader, partition) => leader !== from.leaders[partition]);
  return changes.length === 0 && isLedByOthers ? [{ type: 'leaders', topic }] : changes;
};
