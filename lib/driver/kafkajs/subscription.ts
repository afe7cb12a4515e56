import type { ConsumerRecord, TopicPartition } from '../record.js';
import type { FetchedMessage } from './captured-cluster.js';

/** Whoever reads: told of records, asked whether it wants any. */
export interface Reader {
  onRecords(records: readonly ConsumerRecord[]): void;
  /** False while its partitions are not to be fetched. */
  isReading(): boolean;
  /** False when what was fetched must not be delivered, because the partition may be somebody else's by now. */
  isOwner(): boolean;
}

/** A partition that is read, and the place reached in it. */
export class Subscription {
  /** Not fetched before this time, on the clock of `performance.now()`: it failed by itself. */
  retryAt = 0;
  failures = 0;
  /** False once nobody reads it any more: a fetch that is under way then brings nothing. */
  isActive = true;

  constructor(
    readonly topicPartition: TopicPartition,
    public next: bigint,
    readonly reader: Reader,
  ) {}

  isWanted(now: number): boolean {
    return this.retryAt <= now && this.reader.isReading();
  }

  /** Hands on what was fetched and is not behind us already, and moves on. */
  deliver(messages: readonly FetchedMessage[]): void {
    if (!this.isActive || !this.reader.isOwner()) return;
    const records: ConsumerRecord[] = [];
    let next = this.next;
    for (const message of messages) {
      const offset = BigInt(message.offset);
      // A batch is fetched whole, also when the place is in its middle.
      if (offset < next) continue;
      next = offset + 1n;
      if (!message.isControlRecord) records.push(toRecord(this.topicPartition, offset, message));
    }
    this.next = next;
    if (records.length > 0) this.reader.onRecords(records);
  }
}

const toRecord = (
  { topic, partition }: TopicPartition,
  offset: bigint,
  message: FetchedMessage,
): ConsumerRecord => ({
  topic,
  partition,
  offset,
  timestampMs: Number(message.timestamp),
  key: message.key,
  value: message.value,
  headers: message.headers,
});

/** A reader without a group: reads always. */
export const plainReader = (onRecords: Reader['onRecords']): Reader => ({
  onRecords,
  isReading: () => true,
  isOwner: () => true,
});
