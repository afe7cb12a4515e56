import type { TrackedRecord } from './tracked-record.js';

/** Of one partition, some 100 bytes each; beyond, the oldest is forgotten and would be run again. */
const MAX_RECORDS = 10_000;

/**
 * Records of one partition that were read here and are not committed yet, in the order of their offsets.
 *
 * A member that loses a partition before it could commit, as behind a blocked event loop, reads them again when it comes
 * back: what is finished by then is not run a second time. A record is known by its offset and its append time, so that a log
 * that was made anew meanwhile is not taken for the old one.
 */
export class FinishedRecords {
  private head = 0;

  /** @param from below this all is committed */
  constructor(
    public from: bigint,
    private records: TrackedRecord[] = [],
  ) {}

  /** @param record the one behind the last */
  push(record: TrackedRecord): void {
    this.records.push(record);
    if (this.records.length - this.head > MAX_RECORDS) this.moveHead(this.head + 1);
  }

  /** These are committed: nobody reads them again. */
  forgetBelow(offset: bigint): void {
    this.from = offset;
    this.moveHead(this.indexOf(offset));
  }

  /** The record as it was left; undefined for one of which nothing was run. */
  find(offset: bigint, timestampMs: number): TrackedRecord | undefined {
    const record = this.records[this.indexOf(offset)];
    return record?.offset === offset && record.timestampMs === timestampMs ? record.asLeft : undefined;
  }

  above(offset: bigint): readonly TrackedRecord[] {
    return this.records.slice(this.indexOf(offset + 1n));
  }

  /** These and others, which stand behind them. */
  with(...others: (readonly TrackedRecord[] | undefined)[]): FinishedRecords {
    const all = [...this.records.slice(this.head), ...others.flatMap((records) => records ?? [])];
    return new FinishedRecords(this.from, all.slice(-MAX_RECORDS));
  }

  /** Of the first record at or behind the offset. */
  private indexOf(offset: bigint): number {
    let [low, high] = [this.head, this.records.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.records[middle] as TrackedRecord).offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private moveHead(head: number): void {
    this.head = head;
    // Amortized: each record is moved at most once per halving.
    if (head < 256 || head * 2 < this.records.length) return;
    this.records = this.records.slice(head);
    this.head = 0;
  }
}
