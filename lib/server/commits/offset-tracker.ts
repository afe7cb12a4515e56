import { FinishedMap, type FinishedRun, type RecordMark } from './finished-map.js';
import type { CallMarks } from './call-marks.js';
import { Pledges, type CommittedView, type Pledge } from './pledges.js';
import { TrackedRecord, type FormerRecord, type RecordTracker } from './tracked-record.js';

/** What was left of a partition that was ours: of use should it come back before others have run on. */
export interface FormerPartition {
  /** Below this all is committed. */
  readonly from: bigint;
  readonly map: FinishedMap;
  /** Records of which something may still run here. */
  readonly records: ReadonlyMap<bigint, TrackedRecord>;
}

/** What is known of a partition when it becomes ours. */
export interface KnownOfPartition {
  /** What its last commit says, and as it stands there. */
  readonly committed?: FinishedMap;
  readonly metadata?: string;
  /** What was left here when it was ours before. */
  readonly former?: FormerPartition;
  /** Told when what the commit says turns out to be of another log. */
  readonly onStale?: () => void;
}

/** What may be committed of one partition. */
export interface Progress {
  readonly offset: bigint;
  /** What is finished above it. */
  readonly map: FinishedMap;
  /** Of what was changed, so much is in it. */
  readonly changes: number;
}

/**
 * What may be committed of one partition: the highest offset below which all is finished, and what is finished above it.
 *
 * Records finish in any order; only a finished head moves the mark. Works on the records that were really read, not on
 * offset arithmetic: compaction and transaction markers leave gaps. The mark never goes back: a log that was made anew has a
 * tracker of its own. Holds what is not finished, and of what is, nothing but that: its memory is bounded by what is in hand.
 */
export class OffsetTracker implements RecordTracker {
  /** Those that are not finished, in a list: they leave it from anywhere. */
  private head: TrackedRecord | undefined;
  private tail: TrackedRecord | undefined;
  private open = 0;
  private highest: bigint;
  private latestMs = 0;
  private mark: bigint;
  private committed: bigint;
  private committedMetadata: string;
  private changes = 0;
  private committedChanges = 0;
  /** Of what is still to be read. */
  private known: readonly FinishedMap[];
  private former: ReadonlyMap<bigint, TrackedRecord> | undefined;
  private isFirst = true;
  /** Who is told of the next commits, with the change that they wait for. */
  private waiting: { readonly change: number; readonly told: () => void }[] = [];
  /** Made for the first: most partitions have none, ever. */
  private pledges: Pledges | undefined;
  private readonly committedMap: FinishedMap | undefined;
  private readonly onStale: (() => void) | undefined;

  /** @param position where reading starts: nothing below it is ours */
  constructor(position: bigint, { committed, metadata = '', former, onStale }: KnownOfPartition = {}) {
    // Nobody commits backwards: reading begins below what was committed in a log that was made anew only.
    const left = former !== undefined && former.from <= position ? former : undefined;
    this.known = [committed, left?.map].filter((map) => map !== undefined).filter((map) => !map.isEmpty);
    this.former = left?.records;
    this.committedMetadata = metadata;
    this.committedMap = committed;
    this.onStale = onStale;
    this.highest = position - 1n;
    this.mark = position;
    this.committed = position;
  }

  /** How many records are in hand. */
  get size(): number {
    return this.open;
  }

  /** The first record that was not looked into: it was not read, or waits. */
  get firstUnopened(): bigint {
    for (let record = this.head; record !== undefined; record = record.next)
      if (!record.isOpened) return record.offset;
    return this.highest + 1n;
  }

  /** @returns undefined for a record that is in hand, or was, already; one that is finished if it was so before it was read now. */
  add(offset: bigint, timestampMs = 0): TrackedRecord | undefined {
    if (offset <= this.highest) return undefined;
    const before = this.highest;
    const known = this.isFresh ? undefined : this.knownOf({ offset, timestampMs });
    this.highest = offset;
    if (timestampMs > this.latestMs) this.latestMs = timestampMs;
    const record = new TrackedRecord(this, offset, timestampMs, known === 'finished' ? undefined : known);
    record.before = before;
    this.append(record);
    if (known === 'finished' || record.wasFinished) this.finish(record);
    return record;
  }

  /** @returns whether there is more to commit. */
  finish(record: TrackedRecord): boolean {
    if (record.isFinished) return false;
    record.isFinished = true;
    this.remove(record);
    this.mark = this.head === undefined ? this.highest + 1n : this.head.before + 1n;
    return this.marked();
  }

  /** More is finished of a record. */
  marked(): boolean {
    this.changes += 1;
    return true;
  }

  /** What there is to commit; undefined when nothing was finished since the last time. */
  progress(): Progress | undefined {
    if (this.changes === this.committedChanges) return undefined;
    return {
      offset: this.mark,
      map: this.finishedMap((record) => record.committableCalls),
      changes: this.changes,
    };
  }

  /** Whether the broker has this already. */
  hasCommitted(offset: bigint, metadata: string): boolean {
    return offset <= this.committed && metadata === this.committedMetadata;
  }

  /** The broker has this. @param progress what it was made of */
  onCommitted(
    { offset, changes }: Pick<Progress, 'offset' | 'changes'>,
    metadata: string,
    said: Omit<CommittedView, 'changes'> = ALL_SAID,
  ): void {
    if (offset > this.committed) this.committed = offset;
    this.committedMetadata = metadata;
    this.committedChanges = changes;
    this.pledges?.onCommitted({ changes, ...said });
    if (this.waiting.length > 0) this.tellWaiting(changes);
  }

  /** @param told once the broker has a commit with all that was changed so far */
  whenCommitted(told: () => void): void {
    this.waiting.push({ change: this.changes, told });
  }

  /** The next commit names the call as finished, and it is told when the broker has that. */
  pledge(pledge: Pledge): void {
    this.changes += 1;
    this.pledges ??= new Pledges();
    this.pledges.add(pledge, this.changes);
  }

  /** No later commit names it, unless it is finished. @returns whether it waited */
  withdraw(pledge: Pledge): boolean {
    return this.pledges?.withdraw(pledge) === true && this.marked();
  }

  /** The log is gone: what was pledged of it is nobody else's to run. */
  abandon(): void {
    this.pledges?.keepAll();
  }

  /** The partition is lost: what is known of it, for when it comes back. Grows no more but by what finishes. */
  leave(): FormerPartition {
    const records = new Map<bigint, TrackedRecord>();
    for (let record = this.head; record !== undefined; record = record.next) {
      const left = record.asLeft;
      if (left !== undefined) records.set(record.offset, left);
    }
    for (const [offset, record] of this.former ?? []) if (offset > this.highest) records.set(offset, record);
    const { runs, partial, latestMs } = this.finishedMap((record) => record.finishedCalls);
    const uncommitted = { from: this.committed, to: this.mark };
    // What is read again may begin anywhere from the last commit on: there is no first record to know it by.
    const map = new FinishedMap({
      runs: this.mark > this.committed ? [uncommitted, ...runs] : runs,
      partial,
      latestMs,
      anchor: undefined,
    });
    // Whoever holds one of the records must not hold all that was known before, too.
    this.known = [];
    this.former = undefined;
    return { from: this.committed, map, records };
  }

  private tellWaiting(changes: number): void {
    const { waiting } = this;
    this.waiting = waiting.filter(({ change }) => change > changes);
    for (const { change, told } of waiting) if (change <= changes) told();
  }

  private finishedMap(callsOf: (record: TrackedRecord) => CallMarks | undefined): FinishedMap {
    const runs: FinishedRun[] = [];
    const partial = new Map<bigint, CallMarks>();
    for (let record = this.head; record !== undefined; record = record.next) {
      const end = record.next === undefined ? this.highest : record.next.before;
      const calls = callsOf(record);
      if (calls !== undefined && !calls.isEmpty) partial.set(record.offset, calls);
      if (end > record.offset) runs.push({ from: record.offset + 1n, to: end + 1n });
    }
    const { head, latestMs } = this;
    const anchor = head && { offset: head.offset, timestampMs: head.timestampMs };
    const ofRead = new FinishedMap({ runs, partial, latestMs, anchor });
    return this.known.reduce((map, known) => map.with(known.above(this.highest)), ofRead);
  }

  /** Nothing is known of what is still to be read, as nearly always. */
  private get isFresh(): boolean {
    return this.known.length === 0 && this.former === undefined;
  }

  private knownOf(record: RecordMark): FormerRecord | 'finished' | undefined {
    if (this.known.length > 0) this.checkKnown(record);
    this.isFirst = false;
    const found = this.known.map((map) => map.find(record.offset));
    if (found.includes('finished')) return 'finished';
    const former = this.former?.get(record.offset);
    const [one, other] = found as (CallMarks | undefined)[];
    const marks = one?.with(other) ?? other;
    if (marks === undefined && former === undefined) return undefined;
    return {
      marks,
      record: former?.timestampMs === record.timestampMs ? former : undefined,
    };
  }

  /** A map is of no use behind its end, nor if this is not the log that it was made of. */
  private checkKnown(record: RecordMark): void {
    const { isFirst } = this;
    this.known = this.known.filter((map) => {
      const isOfThisLog = (!isFirst || map.beginsWith(record)) && map.covers(record);
      if (!isOfThisLog && map === this.committedMap) this.onStale?.();
      return isOfThisLog && map.end > record.offset;
    });
  }

  private append(record: TrackedRecord): void {
    record.previous = this.tail;
    if (this.tail === undefined) this.head = record;
    else this.tail.next = record;
    this.tail = record;
    this.open += 1;
  }

  private remove(record: TrackedRecord): void {
    const { previous, next } = record;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.tail = previous;
    else next.previous = previous;
    record.previous = undefined;
    record.next = undefined;
    this.open -= 1;
  }
}

const ALL_SAID = Object.freeze({ coveredTo: undefined, hasRoom: true });
