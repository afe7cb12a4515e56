import { channels } from '../diagnostics/channels.js';
import type { Counters } from '../diagnostics/counters.js';
import type {
  AssignedPartition,
  DriverConnection,
  GroupHandler,
  GroupMember,
  OffsetCommit,
} from '../driver/driver.js';
import type { ConsumerRecord, TopicPartition } from '../driver/record.js';
import { OffsetTracker, type TrackedRecord } from './offset-tracker.js';

export interface ServiceConsumerParts {
  readonly groupId: string;
  readonly topic: string;
  readonly sessionTimeoutMs: number;
  readonly commitIntervalMs: number;
  readonly counters: Counters;
  readonly onRecord: (record: ConsumerRecord) => void;
  /** Resolves when what runs is finished, or has had its time; nothing is started until `onRebalanced`. */
  readonly onRebalancing: () => Promise<void>;
  readonly onRebalanced: () => void;
  readonly onRevoked: (partitions: readonly TopicPartition[]) => void;
  readonly onCommitError: (error: unknown) => void;
}

/** A record together with the tracker that was its partition's when it was read: a partition may go and come back. */
interface Held {
  readonly tracker: OffsetTracker;
  readonly tracked: TrackedRecord;
}

/**
 * One service's membership in its group: what is read is tracked, what is finished is committed. A commit never passes
 * unfinished work.
 */
export class ServiceConsumer implements GroupHandler {
  private readonly trackers = new Map<number, OffsetTracker>();
  private readonly held = new Map<ConsumerRecord, Held>();
  private member: GroupMember | undefined;
  private timer: NodeJS.Timeout | undefined;
  private committing: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(private readonly parts: ServiceConsumerParts) {}

  async join(driver: DriverConnection): Promise<void> {
    const { groupId, topic, sessionTimeoutMs } = this.parts;
    this.member = await driver.joinGroup({ groupId, topics: [topic], sessionTimeoutMs }, this);
  }

  get assignment(): readonly TopicPartition[] {
    return this.member?.assignment ?? [];
  }

  pause(): void {
    this.member?.pause();
  }

  resume(): void {
    this.member?.resume();
  }

  /** Nothing in the record needs work any more. */
  finish(record: ConsumerRecord): void {
    const held = this.held.get(record);
    if (held === undefined) return;
    this.held.delete(record);
    if (held.tracker.finish(held.tracked)) this.scheduleCommit();
  }

  /** Commits what is finished and leaves the group; what finishes later is for the next owner to find unanswered. */
  async close(): Promise<void> {
    await this.commit();
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.member?.close();
  }

  onAssigned(partitions: readonly AssignedPartition[]): void {
    for (const { partition, position } of partitions)
      this.trackers.set(partition, new OffsetTracker(position));
  }

  /** What is finished and committed before the partitions move is not run again by their next owners. */
  async onRebalancing(): Promise<void> {
    await this.parts.onRebalancing();
    await this.commit();
  }

  onRebalanced(): void {
    this.parts.onRebalanced();
  }

  onRevoked(partitions: readonly TopicPartition[]): void {
    const revoked = new Set(partitions.map(({ partition }) => partition));
    for (const partition of revoked) this.trackers.delete(partition);
    for (const record of this.held.keys()) if (revoked.has(record.partition)) this.held.delete(record);
    this.parts.onRevoked(partitions);
  }

  onRecords(records: readonly ConsumerRecord[]): void {
    for (const record of records) this.take(record);
  }

  private take(record: ConsumerRecord): void {
    const tracker = this.trackers.get(record.partition);
    const tracked = tracker?.add(record.offset);
    if (tracker === undefined || tracked === undefined) {
      this.parts.counters.add('recordsRedelivered');
      return;
    }
    this.held.set(record, { tracker, tracked });
    this.parts.onRecord(record);
  }

  private scheduleCommit(): void {
    if (this.isClosed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.commit();
    }, this.parts.commitIntervalMs);
  }

  /** One commit at a time, so that an older one never arrives after a newer one. */
  private commit(): Promise<void> {
    this.committing = this.committing.then(() => this.commitFinished());
    return this.committing;
  }

  private async commitFinished(): Promise<void> {
    const { topic, groupId } = this.parts;
    const trackers = new Map(this.trackers);
    const offsets: OffsetCommit[] = [];
    for (const [partition, tracker] of trackers) {
      const offset = tracker.toCommit();
      if (offset !== undefined) offsets.push({ topic, partition, offset });
    }
    if (offsets.length === 0 || this.member === undefined) return;
    try {
      await this.member.commit(offsets);
      for (const { partition, offset } of offsets) trackers.get(partition)?.onCommitted(offset);
      channels.committed.publish({ groupId, offsets });
    } catch (error) {
      this.parts.onCommitError(error);
      // Not lost: what is not committed now is in the next commit, or is the next owner's to run again.
      this.scheduleCommit();
    }
  }
}
