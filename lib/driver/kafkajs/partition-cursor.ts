import type { ConsumerRecord, TopicPartition } from '../record.js';
import { backoffMs } from './backoff.js';
import type { FetchedPartition } from './requests/fetch.js';

/** Whoever reads: told of records, asked whether it wants any. */
export interface Reader {
  onRecords(records: readonly ConsumerRecord[]): void;
  /** False while its partitions are not to be fetched. */
  isReading(): boolean;
  /** False when what was fetched must not be delivered, because the partition may be somebody else's by now. */
  isOwner(): boolean;
  /** Reading goes on at another position, because the log is not what it was. Called before its first record. */
  onPositionReset?(partition: TopicPartition, position: bigint): void;
}

/** What of a fetch a partition's readers are given. */
export type Fetched = Pick<FetchedPartition, 'from' | 'records' | 'leaderEpoch' | 'start' | 'next'>;

/** A partition that is read, and the position reached in it. */
export class PartitionCursor {
  /** Not fetched before this time, on the clock of `performance.now()`: it failed by itself. */
  private retryAt = 0;
  private failedTimes = 0;
  /** What did not follow on what was read, when it came first. */
  private unexpected = '';
  /** False once nobody reads it any more: a fetch that is under way then brings nothing. */
  isActive = true;
  /** True while it alone is not to be fetched. */
  isPaused = false;
  /** The epoch of the leader that took the last record that was read; -1 before the first. */
  leaderEpoch = -1;

  constructor(
    readonly topicPartition: TopicPartition,
    public next: bigint,
    readonly reader: Reader,
  ) {}

  /** How often it failed by itself since it was read last. */
  get failures(): number {
    return this.failedTimes;
  }

  /** It was read: what it brought is handed on. */
  succeed(fetched: Fetched): void {
    this.failedTimes = 0;
    this.deliver(fetched);
  }

  /** It failed by itself, and is left alone for a while. */
  fail(): void {
    this.failedTimes += 1;
    this.retryAt = performance.now() + backoffMs(this.failedTimes);
  }

  /**
   * False for what does not follow on what was read and comes for the first time: where a batch starts, and who took it, stands
   * outside of its checksum. A log that has a gap, or another leader, says the same when it is asked again; a turned bit does not.
   */
  isCredible({ from, start, leaderEpoch }: Fetched): boolean {
    if (start === from && (this.leaderEpoch < 0 || leaderEpoch === this.leaderEpoch)) return true;
    const unexpected = `${start} ${leaderEpoch}`;
    const isKnown = unexpected === this.unexpected;
    this.unexpected = unexpected;
    return isKnown;
  }

  /** Whether what was fetched ends with the records of another leader than what was read before: it may lack some of that. */
  isOfOtherLeader({ leaderEpoch }: Fetched): boolean {
    return this.leaderEpoch >= 0 && leaderEpoch !== this.leaderEpoch;
  }

  /** Reads on elsewhere: what a fetch under way brings from the old position is dropped. */
  moveTo(position: bigint): void {
    this.next = position;
    this.leaderEpoch = -1;
    if (this.isActive) this.reader.onPositionReset?.(this.topicPartition, position);
  }

  isWanted(now: number): boolean {
    return !this.isPaused && this.retryAt <= now && this.reader.isReading();
  }

  /** Hands on what was fetched and is not behind us already, and moves on. */
  deliver({ from, records, leaderEpoch, next }: Fetched): void {
    // It was moved back while the fetch was under way: there is a gap between.
    if (from > this.next) return;
    if (!this.isActive || next <= this.next || !this.reader.isOwner()) return;
    this.leaderEpoch = leaderEpoch;
    const position = this.next;
    this.next = next;
    const first = records[0];
    // Another reader of the partition may stand further back, and was then asked for.
    const fresh =
      first === undefined || first.offset >= position
        ? records
        : records.filter(({ offset }) => offset >= position);
    if (fresh.length > 0) this.reader.onRecords(fresh);
  }
}

/** A reader without a group: reads always. */
export const plainReader = (onRecords: Reader['onRecords']): Reader => ({
  onRecords,
  isReading: () => true,
  isOwner: () => true,
});
