import type { Counters } from '../diagnostics/counters.js';
import type { Log } from '../diagnostics/log.js';
import type {
  AssignedPartition,
  DriverConnection,
  GroupHandler,
  GroupMember,
  GroupView,
} from '../driver/driver.js';
import type { ConsumerRecord, TopicPartition } from '../driver/record.js';
import { waitAtMost } from '../wire/wait-at-most.js';
import { Committer } from './commits/committer.js';
import { decodeDeaths } from './commits/death-section.js';
import { decodeFinishedMap } from './commits/finished-map-decoder.js';
import { OffsetTracker, type FormerPartition } from './commits/offset-tracker.js';
import type { PartitionDeaths } from './deaths/partition-deaths.js';
import type { PastCalls } from './duplicates/past-calls.js';
import { endured, type StartLimits } from './endured-start.js';
import type { GroupWatch } from './group-watch.js';
import type { MovedCalls } from './moved-calls.js';
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
  readonly commitMetadataBytes: number;
  readonly counters: Counters;
  readonly moves: PartitionMoves;
  /** Hears the cancels of calls whose partition is not read any more. @default nobody does */
  readonly moved?: Pick<MovedCalls, 'listen' | 'end'>;
  readonly gate: Pick<RequestGate, 'take' | 'forget'>;
  /** Remembers the calls that were had before a partition was ours. @default nobody does */
  readonly past?: Pick<PastCalls, 'begin' | 'end' | 'isRecent'>;
  /** The partition is ours from now on. @default nobody is told */
  readonly onAssigned?: (partition: TopicPartition) => void;
  /** Nothing that is under way of the partition is waited for any more. */
  readonly onRevoked: (partition: TopicPartition) => void;
  readonly watch: Pick<GroupWatch, 'look'>;
  /** What this server says of itself to the others of the group. */
  readonly memberData?: Buffer;
  readonly onCommitError: (error: unknown) => void;
  /** How many servers may die with a call in their hands; 0 for that nobody counts. */
  readonly maxDeaths: number;
  /** Where a log ends now. */
  readonly endOf: (place: TopicPartition) => Promise<bigint>;
  readonly log: Pick<Log, 'warn'>;
}

type DeathsOfShare = ConstructorParameters<typeof PartitionShare>[2];

/** A last commit that is not answered is waited for as long. */
const SHORTEST_LAST_COMMIT_MS = 1_000;

/**
 * A server's membership in one group: what is read is tracked, what is finished is committed. A commit never passes
 * unfinished work.
 */
export class GroupConsumer implements GroupHandler {
  private readonly shares: ReadonlyMap<string, Map<number, PartitionShare>>;
  /** Of partitions that were ours, by name: what was finished of them and not committed. */
  private readonly former = new Map<string, FormerPartition>();
  private readonly committer: Committer;
  /** Not to be read for now. */
  private readonly paused = new Set<TopicPartition>();
  private isPaused = false;
  private member: GroupMember | undefined;

  constructor(private readonly parts: GroupConsumerParts) {
    this.shares = new Map(parts.topics.map((topic) => [topic, new Map<number, PartitionShare>()]));
    this.committer = new Committer({
      ...parts,
      shares: () => this.allShares(),
      member: () => this.member,
      onError: parts.onCommitError,
    });
  }

  async join(driver: DriverConnection, limits: StartLimits = {}): Promise<void> {
    const { groupId, topics, sessionTimeoutMs, memberData } = this.parts;
    const options = { groupId, topics, sessionTimeoutMs, memberData };
    this.member = await endured(() => driver.joinGroup(options, this), limits);
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
    for (const [, share] of this.allShares()) share.deaths?.release();
    const committed = this.committer.commitAtLast(commitMs);
    await waitAtMost(committed, Math.max(commitMs, SHORTEST_LAST_COMMIT_MS));
    this.committer.close();
    await this.member?.close();
  }

  onAssigned(partitions: readonly AssignedPartition[]): void {
    for (const assigned of partitions) {
      const { topic, partition } = assigned;
      const tracker = this.trackerOf(assigned);
      const reading = this.readingOf({ topic, partition });
      const share = new PartitionShare(tracker, reading, this.deathsOf(assigned));
      this.shares.get(topic)?.set(partition, share);
      this.parts.past?.begin(assigned, share);
      if (share.deaths?.needsEnd) void this.findEnd({ topic, partition }, share.deaths);
      this.parts.onAssigned?.({ topic, partition });
    }
  }

  /** What comes from there on is of another log: nothing that is known of the old one holds. */
  onPositionReset(place: TopicPartition, position: bigint): void {
    this.former.delete(nameOf(place));
    const share = this.shareOf(place);
    if (share === undefined) return;
    this.parts.past?.end(share);
    share.follow(new OffsetTracker(position));
  }

  /** What is finished and committed before the partitions move is not run again by their next owners. */
  async onRevoking(partitions: readonly TopicPartition[], limitMs: number): Promise<void> {
    for (const partition of partitions) this.hearCancels(partition);
    await this.parts.moves.begin(partitions, limitMs);
    for (const place of partitions) this.shareOf(place)?.deaths?.release();
    await this.committer.commit();
  }

  onRetained(partitions: readonly TopicPartition[]): void {
    for (const place of partitions) this.shareOf(place)?.deaths?.retain();
    this.parts.moves.stay(partitions);
    for (const partition of partitions) this.parts.moved?.end(partition);
  }

  onRevoked(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.hearCancels(partition);
      this.forget(partition);
    }
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

  /** What runs of it is stopped when its caller has gone, although its cancel is another server's to read. */
  private hearCancels(partition: TopicPartition): void {
    const share = this.shareOf(partition);
    if (share !== undefined) this.parts.moved?.listen(partition, share.tracker.firstUnopened);
  }

  private take(record: ConsumerRecord): void {
    const share = this.shareOf(record);
    const tracked = share?.tracker.add(record.offset, record.timestampMs);
    const isHandedOn = tracked !== undefined && (!tracked.isFinished || this.isToBeNoted(record));
    share?.read(record.offset, isHandedOn);
    if (share === undefined || tracked === undefined) return this.parts.counters.add('recordsRedelivered');
    if (tracked.isFinished) {
      this.parts.counters.add('recordsRedelivered');
      this.committer.schedule();
    }
    if (isHandedOn) this.parts.gate.take(new RequestRecord(record, share, tracked));
  }

  /** It is finished; its calls are remembered, in their order among the others, should they come again. */
  private isToBeNoted(record: ConsumerRecord): boolean {
    return this.parts.past?.isRecent(record) ?? false;
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
      onProgress: () => this.committer.schedule(),
      onPledge: () => this.committer.urge(),
    };
  }

  private forget(place: TopicPartition): void {
    const share = this.shareOf(place);
    if (share === undefined) return;
    this.shares.get(place.topic)?.delete(place.partition);
    for (const paused of this.paused) if (nameOf(paused) === nameOf(place)) this.paused.delete(paused);
    this.former.set(nameOf(place), share.tracker.leave());
    this.parts.past?.end(share);
    this.parts.gate.forget(share);
    this.parts.onRevoked(place);
  }

  /** What is known of a partition that becomes ours goes on: from its last commit, and from when it was ours before. */
  private trackerOf({ topic, partition, position, metadata }: AssignedPartition): OffsetTracker {
    const place = { topic, partition, offset: position };
    const { map, problem } = decodeFinishedMap(metadata, place);
    if (problem !== undefined) this.tellIgnored(place, problem);
    const former = this.former.get(nameOf(place));
    this.former.delete(nameOf(place));
    return new OffsetTracker(position, {
      committed: map,
      metadata,
      former,
      onStale: () => this.tellIgnored(place, 'the log is another than the one that it was made of'),
    });
  }

  private deathsOf({ topic, partition, position, metadata }: AssignedPartition): DeathsOfShare {
    const { maxDeaths, commitMetadataBytes } = this.parts;
    if (maxDeaths === 0 || commitMetadataBytes === 0) return undefined;
    return { found: decodeDeaths(metadata, { topic, partition, offset: position }), maxDeaths };
  }

  /** Where it cannot be found, all that is read counts as what the last owner may have started. */
  private async findEnd(place: TopicPartition, deaths: PartitionDeaths): Promise<void> {
    try {
      deaths.endsAt(await this.parts.endOf(place));
    } catch (error) {
      this.parts.onCommitError(error);
    }
  }

  private tellIgnored({ topic, partition }: TopicPartition, problem: string): void {
    const { counters, log } = this.parts;
    counters.add('finishedMapsIgnored');
    log.warn(
      `What the commit of ${topic}[${partition}] says of finished work above it is ignored: ${problem}. That work is run again.`,
    );
  }

  private *allShares(): Iterable<readonly [TopicPartition, PartitionShare]> {
    for (const [topic, shares] of this.shares)
      for (const [partition, share] of shares) yield [{ topic, partition }, share];
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;
