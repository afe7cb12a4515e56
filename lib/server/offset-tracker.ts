/** A record in hand. Told when the last of its messages is finished. */
export interface TrackedRecord {
  readonly offset: bigint;
  isFinished: boolean;
}

/**
 * What may be committed of one partition: the highest offset below which all is finished.
 *
 * Records finish in any order; only a finished head moves the mark. Works on the records that were really read, not on
 * offset arithmetic: compaction and transaction markers leave gaps. The mark never goes back.
 */
export class OffsetTracker {
  private readonly records: (TrackedRecord | undefined)[] = [];
  private head = 0;
  private highest: bigint;
  private mark: bigint;
  private committed: bigint;

  /** @param position where reading starts: nothing below it is ours. */
  constructor(position: bigint) {
    this.highest = position - 1n;
    this.mark = position;
    this.committed = position;
  }

  /** How many records are in hand. */
  get size(): number {
    return this.records.length - this.head;
  }

  /** @returns undefined for a record that is in hand, or was, already. */
  add(offset: bigint): TrackedRecord | undefined {
    if (offset <= this.highest) return undefined;
    this.highest = offset;
    const record = { offset, isFinished: false };
    this.records.push(record);
    return record;
  }

  /** @returns whether the mark moved. */
  finish(record: TrackedRecord): boolean {
    record.isFinished = true;
    const before = this.mark;
    let first = this.records[this.head];
    while (first?.isFinished) {
      this.mark = first.offset + 1n;
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
    if (offset > this.committed) this.committed = offset;
  }

  private compact(): void {
    // Amortized: each record is moved at most once per halving.
    if (this.head < 1024 || this.head * 2 < this.records.length) return;
    this.records.splice(0, this.head);
    this.head = 0;
  }
}
