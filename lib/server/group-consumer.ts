import { setTimeout as delay } from 'node:timers/promises';
import { channels } from '../diagnostics/channels.js';
import type { Counters } from '../diagnostics/counters.js';
import type {
  AssignedPartition,
  DriverConnection,
  GroupHandler,
  GroupMember,
  GroupView,
  OffsetCommit,
} from '../driver/driver.js';
import type { ConsumerRecord, TopicPartition } from '../driver/record.js';
import { waitAtMost } from '../wire/wait-at-most.js';
import type { FinishedRecords } from './finished-records.js';
import { OffsetTracker } from './offset-tracker.js';
import type { GroupWatch } from './group-watch.js';
import type { PartitionMoves } from './partition-moves.js';
import { PartitionShare, type PartitionReading } from './partition-share.js';
import type { RequestGate } from './request-gate.js';
import { RequestRecord } from './request-record.js';

export interface GroupConsumerParts {
  readonly groupId: string;
  /** The request topics of the services that share the group. */
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly commitIntervalMs: number;
  readonly counters: Counters;
  readonly moves: PartitionMoves;
  readonly gate: Pick<RequestGate, 'take' | 'forget'>;
  /** Nothing that is under way of the partition is waited for any more. */
  readonly onRevoked: (partition: TopicPartition) => void;
  readonly watch: Pick<GroupWatch, 'look'>;
  /** What this server says of itself to the others of the group. */
  readonly memberData?: Buffer;
  readonly onCommitError: (error: unknown) => void;
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
  private readonly shares: ReadonlyMap<string, Map<number, PartitionShare>>;
  /** Of partitions that were ours, by name: what was finished of them and not committed. */
  private readonly finished = new Map<string, FinishedRecords>();
  /** Not to be read for now. */
  private readonly paused = new Set<TopicPartition>();
  private isPaused = false;
  private member: GroupMember | undefined;
  private timer: NodeJS.Timeout | undefined;
  private committing: Promise<boolean> = Promise.resolve(true);
  private isClosed = false;

  constructor(private readonly parts: GroupConsumerParts) {
    this.shares = new Map(parts.topics.map((topic) => [topic, new Map<number, PartitionShare>()]));
  }

  async join(driver: DriverConnection): Promise<void> {
    const { groupId, topics, sessionTimeoutMs, memberData } = this.parts;
    this.member = await driver.joinGroup({ groupId, topics, sessionTimeoutMs, memberData }, this);
    // Records may have come, and filled the server, before there was a member to pause.
    if (this.isPaused) this.member.pause();
    if (this.paused.size > 0) this.member.pause([...this.paused]);
  }

  get topics(): readonly string[] {
    return this.parts.topics;
  }

  get assignment(): readonly TopicPartition[] {
    return this.member?.assignment ?? [];
  }

  pause(): void {
    this.isPaused = true;
    this.member?.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.member?.resume();
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
    for (const { topic, partition, position } of partitions) {
      const place = { topic, partition };
      const tracker = new OffsetTracker(position, this.finished.get(nameOf(place)));
      this.finished.delete(nameOf(place));
      this.shares.get(topic)?.set(partition, new PartitionShare(tracker, this.readingOf(place)));
    }
  }

  /** What comes from there on is of another log: nothing that is known of the old one holds. */
  onPositionReset(place: TopicPartition, position: bigint): void {
    this.finished.delete(nameOf(place));
    this.shareOf(place)?.follow(new OffsetTracker(position));
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
    for (const partition of partitions) this.forget(partition);
    this.parts.moves.leave(partitions);
  }

  onLost(partitions: readonly TopicPartition[]): void {
    this.onRevoked(partitions);
  }

  onGroup(group: GroupView): void {
    this.parts.watch.look(group);
  }

  onRecords(records: readonly ConsumerRecord[]): void {
    for (const record of records) this.take(record);
  }

  private take(record: ConsumerRecord): void {
    const share = this.shareOf(record);
    const tracked = share?.tracker.add(record.offset, record.timestampMs);
    if (share === undefined || tracked === undefined) return this.parts.counters.add('recordsRedelivered');
    if (!tracked.isFinished) return this.parts.gate.take(new RequestRecord(record, share, tracked));
    this.parts.counters.add('recordsRedelivered');
    this.scheduleCommit();
  }

  private shareOf({ topic, partition }: TopicPartition): PartitionShare | undefined {
    return this.shares.get(topic)?.get(partition);
  }

  private readingOf(place: TopicPartition): PartitionReading {
    return {
      pause: () => {
        this.paused.add(place);
        this.member?.pause([place]);
      },
      resume: () => {
        this.paused.delete(place);
        this.member?.resume([place]);
      },
      onProgress: () => this.scheduleCommit(),
    };
  }

  private forget(place: TopicPartition): void {
    const share = this.shareOf(place);
    if (share === undefined) return;
    this.shares.get(place.topic)?.delete(place.partition);
    for (const paused of this.paused) if (nameOf(paused) === nameOf(place)) this.paused.delete(paused);
    this.finished.set(nameOf(place), share.tracker.leave());
    this.parts.gate.forget(share);
    this.parts.onRevoked(place);
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
      // Not lost: what is not committed now is in the next commit, or is the next owner's to run again.
      this.scheduleCommit();
      this.parts.onCommitError(error);
      return false;
    }
  }

  private dueCommits(): DueCommit[] {
    const due: DueCommit[] = [];
    for (const [topic, shares] of this.shares) {
      for (const [partition, { tracker }] of shares) {
        const offset = tracker.toCommit();
        if (offset !== undefined) due.push({ tracker, offset: { topic, partition, offset } });
      }
    }
    return due;
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
