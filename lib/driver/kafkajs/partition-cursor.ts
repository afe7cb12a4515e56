import type { ConsumerRecord, TopicPartition } from '../record.js';
import { backoffMs } from './backoff.js';
import type { FetchedRecords } from './requests/record-batches.js';

/** Whoever reads: told of records, asked whether it wants any. */
export interface Reader {
  onRecords(records: readonly ConsumerRecord[]): void;
  /** False while its partitions are not to be fetched. */
  isReading(): boolean;
  /** False when what was fetched must not be delivered, because the partition may be somebody else's by now. */
  isOwner(): boolean;
}

/** A partition that is read, and the position reached in it. */
export class PartitionCursor {
  /** Not fetched before this time, on the clock of `performance.now()`: it failed by itself. */
  private retryAt = 0;
  private failures = 0;
  /** False once nobody reads it any more: a fetch that is under way then brings nothing. */
  isActive = true;

  constructor(
    readonly topicPartition: TopicPartition,
    public next: bigint,
    readonly reader: Reader,
  ) {}

  /** It was read: what it brought is handed on. */
  succeed(fetched: FetchedRecords): void {
    this.failures = 0;
    this.deliver(fetched);
  }

  /** It failed by itself, and is left alone for a while. */
  fail(): void {
    this.failures += 1;
    this.retryAt = performance.now() + backoffMs(this.failures);
  }

  isWanted(now: number): boolean {
    return this.retryAt <= now && this.reader.isReading();
  }

  /** Hands on what was fetched and is not behind us already, and moves on. */
  deliver({ records, next }: FetchedRecords): void {
    if (!this.isActive || next <= this.next || !this.reader.isOwner()) return;
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
