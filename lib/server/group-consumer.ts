import { setTimeout as delay } from 'node:timers/promises';
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
import { waitAtMost } from '../wire/wait-at-most.js';
import { OffsetTracker, type TrackedRecord } from './offset-tracker.js';
import type { PartitionMoves } from './partition-moves.js';

export interface GroupConsumerParts {
  readonly groupId: string;
  /** The request topics of the services that share the group. */
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly commitIntervalMs: number;
  readonly counters: Counters;
  readonly moves: PartitionMoves;
  readonly onRecord: (record: ConsumerRecord) => void;
  readonly onCommitError: (error: unknown) => void;
}

/** A record together with the tracker that was its partition's when it was read: a partition may go and come back. */
interface Held {
  readonly tracker: OffsetTracker;
  readonly tracked: TrackedRecord;
}

/** What of a partition may be committed, and where that is noted when it is. */
interface DueCommit {
  readonly tracker: OffsetTracker;
  readonly offset: OffsetCommit;
}

/** A last commit that failed is tried again after so long, then after twice that, up to the second. */
const FIRST_DELAY_MS = 25;
const LAST_DELAY_MS = 400;
/** A last commit that is not answered is waited for as long. */
const SHORTEST_LAST_COMMIT_MS = 1_000;

/**
 * A server's membership in one group: what is read is tracked, what is finished is committed. A commit never passes
 * unfinished work.
 */
export class GroupConsumer implements GroupHandler {
  private readonly trackers: ReadonlyMap<string, Map<number, OffsetTracker>>;
  private readonly held = new Map<ConsumerRecord, Held>();
  private member: GroupMember | undefined;
  private timer: NodeJS.Timeout | undefined;
  private committing: Promise<boolean> = Promise.resolve(true);
  private isClosed = false;

  constructor(private readonly parts: GroupConsumerParts) {
    this.trackers = new Map(parts.topics.map((topic) => [topic, new Map<number, OffsetTracker>()]));
  }

  async join(driver: DriverConnection): Promise<void> {
    const { groupId, topics, sessionTimeoutMs } = this.parts;
    this.member = await driver.joinGroup({ groupId, topics, sessionTimeoutMs }, this);
  }

  get topics(): readonly string[] {
    return this.parts.topics;
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

  /**
   * Commits what is finished and leaves the group; what finishes later is for the next owner to find unanswered.
   * @param commitMs how long a commit that fails is tried again: the group may just be rebalancing
   */
  async close(commitMs = 0): Promise<void> {
    await waitAtMost(this.commitAtLast(commitMs), Math.max(commitMs, SHORTEST_LAST_COMMIT_MS));
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.member?.close();
  }

  onAssigned(partitions: readonly AssignedPartition[]): void {
    for (const { topic, partition, position } of partitions)
      this.trackers.get(topic)?.set(partition, new OffsetTracker(position));
  }

  /** What is finished and committed before the partitions move is not run again by their next owners. */
  async onRevoking(partitions: readonly TopicPartition[], limitMs: number): Promise<void> {
    await this.parts.moves.begin(partitions, limitMs);
    await this.commit();
  }

  onRetained(partitions: readonly TopicPartition[]): void {
    this.parts.moves.stay(partitions);
  }

  onRevoked(partitions: readonly TopicPartition[]): void {
    this.forget(partitions);
    this.parts.moves.leave(partitions);
  }

  onLost(partitions: readonly TopicPartition[]): void {
    this.onRevoked(partitions);
  }

  onRecords(records: readonly ConsumerRecord[]): void {
    for (const record of records) this.take(record);
  }

  private take(record: ConsumerRecord): void {
    const tracker = this.trackers.get(record.topic)?.get(record.partition);
    const tracked = tracker?.add(record.offset);
    if (tracker === undefined || tracked === undefined) {
      this.parts.counters.add('recordsRedelivered');
      return;
    }
    this.held.set(record, { tracker, tracked });
    this.parts.onRecord(record);
  }

  private forget(partitions: readonly TopicPartition[]): void {
    const gone = new Set<OffsetTracker | undefined>();
    for (const { topic, partition } of partitions) {
      const ofTopic = this.trackers.get(topic);
      gone.add(ofTopic?.get(partition));
      ofTopic?.delete(partition);
    }
    for (const [record, { tracker }] of this.held) if (gone.has(tracker)) this.held.delete(record);
  }

  private scheduleCommit(): void {
    if (this.isClosed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.commit();
    }, this.parts.commitIntervalMs);
  }

  private async commitAtLast(limitMs: number): Promise<void> {
    const lastTryMs = performance.now() + limitMs;
    for (
      let delayMs = FIRST_DELAY_MS;
      !(await this.commit());
      delayMs = Math.min(2 * delayMs, LAST_DELAY_MS)
    ) {
      if (performance.now() + delayMs > lastTryMs) return;
      await delay(delayMs);
    }
  }

  /** One commit at a time, so that an older one never arrives after a newer one. @returns whether all is committed. */
  private commit(): Promise<boolean> {
    this.committing = this.committing.then(() => this.commitFinished());
    return this.committing;
  }

  private async commitFinished(): Promise<boolean> {
    const due = this.dueCommits();
    if (due.length === 0 || this.member === undefined) return true;
    const offsets = due.map(({ offset }) => offset);
    try {
      await this.member.commit(offsets);
      for (const { tracker, offset } of due) tracker.onCommitted(offset.offset);
      channels.committed.publish({ groupId: this.parts.groupId, offsets });
      return true;
    } catch (error) {
      this.parts.onCommitError(error);
      // Not lost: what is not committed now is in the next commit, or is the next owner's to run again.
      this.scheduleCommit();
      return false;
    }
  }

  private dueCommits(): DueCommit[] {
    const due: DueCommit[] = [];
    for (const [topic, trackers] of this.trackers) {
      for (const [partition, tracker] of trackers) {
        const offset = tracker.toCommit();
        if (offset !== undefined) due.push({ tracker, offset: { topic, partition, offset } });
      }
    }
    return due;
  }
}
