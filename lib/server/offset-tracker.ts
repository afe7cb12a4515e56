import { FinishedRecords } from './finished-records.js';
import { TrackedRecord } from './tracked-record.js';

/**
 * What may be committed of one partition: the highest offset below which all is finished.
 *
 * Records finish in any order; only a finished head moves the mark. Works on the records that were really read, not on
 * offset arithmetic: compaction and transaction markers leave gaps. The mark never goes back: a log that was made anew has a
 * tracker of its own.
 */
export class OffsetTracker {
  private readonly records: (TrackedRecord | undefined)[] = [];
  private readonly finished: FinishedRecords;
  private readonly former: FinishedRecords | undefined;
  private head = 0;
  private highest: bigint;
  private mark: bigint;
  private committed: bigint;

  /**
   * @param position where reading starts: nothing below it is ours
   * @param former what was left here when the partition was ours before
   */
  constructor(position: bigint, former?: FinishedRecords) {
    this.finished = new FinishedRecords(position);
    // Nobody commits backwards: reading begins below what was committed in a log that was made anew only.
    this.former = former !== undefined && former.from <= position ? former : undefined;
    this.highest = position - 1n;
    this.mark = position;
    this.committed = position;
  }

  /** How many records are in hand. */
  get size(): number {
    return this.records.length - this.head;
  }

  /** @returns undefined for a record that is in hand, or was, already; one that is finished if it was so before the partition moved. */
  add(offset: bigint, timestampMs = 0): TrackedRecord | undefined {
    if (offset <= this.highest) return undefined;
    this.highest = offset;
    const former = this.former?.find(offset, timestampMs);
    const record = new TrackedRecord(this, offset, timestampMs, former);
    this.records.push(record);
    if (former?.isFinished) this.finish(record);
    return record;
  }

  /** @returns whether the mark moved. */
  finish(record: TrackedRecord): boolean {
    record.isFinished = true;
    const before = this.mark;
    let first = this.records[this.head];
    while (first?.isFinished) {
      this.mark = first.offset + 1n;
      this.finished.push(first);
      this.records[this.head] = undefined;
      this.head += 1;
      first = this.records[this.head];
    }
    this.compact();
    return this.mark !== before;
  }

  /** The offset to commit; undefined when the broker has it already. */
  toCommit(): bigint | undefined {
    return this.mark > this.committed ? this.mark : undefined;
  }

  onCommitted(offset: bigint): void {
    if (offset <= this.committed) return;
    this.committed = offset;
    this.finished.forgetBelow(offset);
  }

  /** The partition is lost: what is known of records that were not committed, for when it comes back. Grows no more but by what finishes. */
  leave(): FinishedRecords {
    const inHand = this.records.slice(this.head) as TrackedRecord[];
    return this.finished.with(inHand, this.former?.above(this.highest));
  }

  private compact(): void {
    // Amortized: each record is moved at most once per halving.
    if (this.head < 1024 || this.head * 2 < this.records.length) return;
    this.records.splice(0, this.head);
    this.head = 0;
  }
}
