import { describeError } from '../../diagnostics/describe-error.js';
import type { AssignedPartition, DriverLog, GroupHandler } from '../driver.js';
import type { TopicPartition } from '../record.js';
import { within } from './backoff.js';
import type { Fetcher } from './fetcher.js';
import { PartitionCursor, type Reader } from './partition-cursor.js';

/** How long the handler has to finish and commit what moves. */
const REVOKE_LIMIT_MS = 2_000;

export interface OwnedPartitionsParts {
  readonly fetcher: Fetcher;
  readonly handler: GroupHandler;
  readonly reader: Reader;
  readonly log: DriverLog;
}

/** The partitions of a member, each with the cursor that reads it; the handler is told whatever becomes of them. */
export class OwnedPartitions {
  private readonly cursors = new Map<string, PartitionCursor>();

  constructor(private readonly parts: OwnedPartitionsParts) {}

  get list(): readonly TopicPartition[] {
    return [...this.cursors.values()].map(({ topicPartition }) => topicPartition);
  }

  has(partition: TopicPartition): boolean {
    return this.cursors.has(nameOf(partition));
  }

  /** What is owned and is not in the share. */
  notIn(share: readonly TopicPartition[]): readonly TopicPartition[] {
    const names = new Set(share.map(nameOf));
    return this.list.filter((partition) => !names.has(nameOf(partition)));
  }

  /** What is in the share and is not owned yet. */
  newIn(share: readonly TopicPartition[]): readonly TopicPartition[] {
    return share.filter((partition) => !this.has(partition));
  }

  assign(partitions: readonly AssignedPartition[]): void {
    this.tell('onAssigned', (handler) => handler.onAssigned(partitions));
    for (const { topic, partition, position } of partitions) {
      const cursor = new PartitionCursor({ topic, partition }, position, this.parts.reader);
      this.cursors.set(nameOf(cursor.topicPartition), cursor);
      this.parts.fetcher.add(cursor);
    }
  }

  setPaused(partitions: readonly TopicPartition[], isPaused: boolean): void {
    for (const partition of partitions) {
      const cursor = this.cursors.get(nameOf(partition));
      if (cursor !== undefined) cursor.isPaused = isPaused;
    }
  }

  /** They are not read any more, but owned until they are revoked. */
  stopReading(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const cursor = this.cursors.get(nameOf(partition));
      if (cursor !== undefined) this.parts.fetcher.remove(cursor);
    }
  }

  /** Lets the handler finish and commit them, in bounded time. */
  async finish(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    const finish = async (): Promise<void> => this.parts.handler.onRevoking(partitions, REVOKE_LIMIT_MS);
    const finished = finish().catch((error: unknown) => this.logFailure('onRevoking', error));
    await within(finished, REVOKE_LIMIT_MS);
  }

  /** What was told to be about to move stays. */
  retain(partitions: readonly TopicPartition[]): void {
    if (partitions.length > 0) this.tell('onRetained', (handler) => handler.onRetained(partitions));
  }

  revoke(partitions: readonly TopicPartition[]): void {
    const revoked = partitions.filter((partition) => this.has(partition));
    this.drop(revoked);
    if (revoked.length > 0) this.tell('onRevoked', (handler) => handler.onRevoked(revoked));
  }

  lose(): void {
    const lost = this.list;
    this.drop(lost);
    if (lost.length > 0) this.tell('onLost', (handler) => handler.onLost(lost));
  }

  /** Whoever reads wants to read again: after a pause, a rebalance, or a session that may have been over. */
  readOn(): void {
    this.parts.fetcher.nudge();
  }

  /** Ends reading; nobody is told. */
  close(): void {
    this.drop(this.list);
  }

  /** The member goes on whatever its handler does. */
  tell(name: keyof GroupHandler, call: (handler: GroupHandler) => void): void {
    try {
      call(this.parts.handler);
    } catch (error) {
      this.logFailure(name, error);
    }
  }

  private drop(partitions: readonly TopicPartition[]): void {
    this.stopReading(partitions);
    for (const partition of partitions) this.cursors.delete(nameOf(partition));
  }

  private logFailure(name: keyof GroupHandler, error: unknown): void {
    this.parts.log.error(`${name} of a group member failed: ${describeError(error)}`);
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
