import { setTimeout as delay } from 'node:timers/promises';
import { channels } from '../../diagnostics/channels.js';
import type { Counters } from '../../diagnostics/counters.js';
import type { Log } from '../../diagnostics/log.js';
import type { GroupMember, OffsetCommit } from '../../driver/driver.js';
import type { TopicPartition } from '../../driver/record.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { PartitionShare } from '../partition-share.js';
import { encodeFinishedMap } from './finished-map-encoder.js';
import { joinSections } from './metadata-sections.js';
import type { OffsetTracker, Progress } from './offset-tracker.js';

export interface CommitterParts {
  readonly groupId: string;
  readonly commitIntervalMs: number;
  /** How long the metadata of a commit may be, in characters; 0 for none. */
  readonly commitMetadataBytes: number;
  readonly counters: Counters;
  readonly log: Pick<Log, 'warn'>;
  /** All that may have something to commit. */
  readonly shares: () => Iterable<readonly [TopicPartition, PartitionShare]>;
  /** Undefined before it has joined. */
  readonly member: () => GroupMember | undefined;
  readonly onError: (error: unknown) => void;
  /** A clock that does not go back. @default performance.now */
  readonly nowMs?: () => number;
}

/** What of a partition is committed, and where that is noted when it is. */
interface DueCommit {
  readonly tracker: OffsetTracker;
  readonly progress: Progress;
  readonly commit: Required<OffsetCommit>;
  /** What is finished below is all in it; undefined for all, wherever it stands. */
  readonly coveredTo: bigint | undefined;
}

/** A last commit that failed is tried again after so long, then after twice that, up to the second. */
const FIRST_DELAY_MS = 25;
const LAST_DELAY_MS = 400;
/** A shorter map says hardly more than none. */
const SHORTEST_METADATA = 64;

/** Commits what is finished: offsets, and in their metadata what is finished above. At intervals, and when it is told to. */
export class Committer {
  private timer: NodeJS.Timeout | undefined;
  private committing: Promise<boolean> = Promise.resolve(true);
  private urged: Promise<boolean> | undefined;
  private isClosed = false;
  /** For the metadata of a partition; less than asked for when the broker takes less. */
  private room: number;

  constructor(private readonly parts: CommitterParts) {
    this.room = parts.commitMetadataBytes;
  }

  /** Something was finished: there is a commit within the interval. */
  schedule(): void {
    if (this.isClosed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.commit();
    }, this.parts.commitIntervalMs);
  }

  /** Somebody waits for the commit: one for all who ask while another is under way. */
  urge(): void {
    this.urged ??= this.committing.then(() => {
      this.urged = undefined;
      return this.commit();
    });
  }

  /** One commit at a time, so that an older one never arrives after a newer one. @returns whether all is committed. */
  commit(): Promise<boolean> {
    this.committing = this.committing.then(() => this.commitFinished());
    return this.committing;
  }

  /** @param limitMs how long a commit that fails is tried again */
  async commitAtLast(limitMs: number): Promise<void> {
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

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private async commitFinished(): Promise<boolean> {
    const member = this.parts.member();
    if (member === undefined) {
      // Records may come before it is known where to commit to.
      this.schedule();
      return true;
    }
    try {
      await this.commitTo(member);
      return true;
    } catch (error) {
      // Not lost: what is not committed now is in the next commit, or is the next owner's to run again.
      this.schedule();
      this.parts.onError(error);
      return false;
    }
  }

  private async commitTo(member: GroupMember): Promise<void> {
    const due = this.dueCommits();
    if (due.length === 0) return;
    const offsets = due.map(({ commit }) => commit);
    try {
      await member.commit(offsets);
    } catch (error) {
      if (!this.takesLess(error, offsets)) throw error;
      return this.commitTo(member);
    }
    for (const each of due) this.onCommitted(each);
    channels.committed.publish({ groupId: this.parts.groupId, offsets });
  }

  private onCommitted({ tracker, progress, commit, coveredTo }: DueCommit): void {
    tracker.onCommitted(progress, commit.metadata, { coveredTo, hasRoom: this.room > 0 });
  }

  private dueCommits(): DueCommit[] {
    const due: DueCommit[] = [];
    for (const [place, share] of this.parts.shares()) {
      const commit = this.dueCommit(place, share);
      if (commit !== undefined) due.push(commit);
    }
    return due;
  }

  private dueCommit(place: TopicPartition, share: PartitionShare): DueCommit | undefined {
    const { tracker } = share;
    const progress = tracker.progress();
    if (progress === undefined) {
      this.watch(place, share, share.mapLength);
      return undefined;
    }
    const { topic, partition } = place;
    const { offset, map } = progress;
    const at = { topic, partition, offset };
    const deaths = share.deaths?.section(at, this.room * DEATHS_SHARE) ?? '';
    const room = deaths === '' ? this.room : this.room - deaths.length - 1;
    const encoded = map.isEmpty ? NO_MAP : encodeFinishedMap(map, at, room);
    const { neededLength, coveredTo } = encoded;
    const metadata = this.room === 0 ? '' : joinSections(encoded.metadata, deaths);
    this.watch(place, share, neededLength);
    const due = { tracker, progress, commit: { ...at, metadata }, coveredTo };
    if (!tracker.hasCommitted(offset, metadata)) return due;
    this.onCommitted(due);
    return undefined;
  }

  private watch({ topic, partition }: TopicPartition, share: PartitionShare, mapLength: number): void {
    const { counters, log, nowMs = () => performance.now() } = this.parts;
    const before = share.pressure;
    const now = share.onMap(mapLength, this.room, nowMs());
    // Nothing may be finished meanwhile, and then it is not waited for for ever.
    if (now === 'waiting') this.schedule();
    if (now !== 'overflowing') return;
    counters.add('finishedMapsCut');
    if (before !== now) log.warn(cutMap(`${topic}[${partition}]`, mapLength, this.room));
  }

  /** @returns whether the broker takes shorter metadata only, which it is given from now on. */
  private takesLess(error: unknown, offsets: readonly Required<OffsetCommit>[]): boolean {
    const longest = Math.max(...offsets.map(({ metadata }) => metadata.length));
    if (longest === 0 || !(error instanceof RpcError) || error.status !== RpcStatus.RESOURCE_EXHAUSTED)
      return false;
    const half = longest >>> 1;
    this.room = half < SHORTEST_METADATA ? 0 : half;
    this.parts.log.warn(
      `Group ${this.parts.groupId}: the broker takes no metadata of ${longest} characters with a commit. From now on ` +
        `${this.room} are used to say what is finished above it. Raise the broker's offset.metadata.max.bytes, or lower ` +
        'commitMetadataBytes.',
    );
    return true;
  }
}

/** Of the room, so much is for what is said of deaths. */
const DEATHS_SHARE = 1 / 2;

const NO_MAP = Object.freeze({ metadata: '', neededLength: 0, coveredTo: undefined });

const cutMap = (where: string, length: number, room: number): string =>
  `What is finished of ${where} above its commit takes ${length} characters, of which a commit holds ${room}: what does not fit ` +
  'would run again after a restart. Calls there run for long: add partitions, or raise commitMetadataBytes together with ' +
  "the broker's offset.metadata.max.bytes.";
