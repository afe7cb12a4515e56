import type { ConsumerRecord, ProducerRecord, TopicPartition } from '../record.js';
import { storeRecord } from './stored-record.js';

/** Slots that were dropped stay in the array until there are so many: one move of the rest then pays for them all. */
const COMPACT_AFTER_DROPPED = 1024;

/**
 * The records of one partition, in the order of their offsets, in bounded memory: beyond the retention the oldest
 * are dropped and the start moves on. An append and a drop cost constant time, on average.
 */
export class PartitionLog implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  private readonly retentionRecords: number;
  private readonly listeners = new Set<() => void>();
  private records: (ConsumerRecord | undefined)[] = [];
  private dropped = 0;
  private end = 0n;

  constructor(at: TopicPartition, retentionRecords: number) {
    this.topic = at.topic;
    this.partition = at.partition;
    this.retentionRecords = retentionRecords;
  }

  /** The offset of the oldest record kept. */
  get startOffset(): bigint {
    return this.end - BigInt(this.records.length - this.dropped);
  }

  /** The offset that the next record gets. */
  get endOffset(): bigint {
    return this.end;
  }

  /** Whether reading can go on there: in the log, or at its end. */
  has(offset: bigint): boolean {
    return offset >= this.startOffset && offset <= this.end;
  }

  /** Appends all and returns the offset of the first. */
  append(records: readonly ProducerRecord[], timestampMs: number): bigint {
    const baseOffset = this.end;
    for (const record of records) this.records.push(storeRecord(record, this.end++, timestampMs));
    this.dropOldest();
    for (const listener of this.listeners) listener();
    return baseOffset;
  }

  /** Up to `max` records from `offset` on, which must not be below the start. They belong to the log: copy, do not change. */
  read(offset: bigint, max: number): readonly ConsumerRecord[] {
    const first = this.dropped + Number(offset - this.startOffset);
    return this.records.slice(first, first + max).filter((record) => record !== undefined);
  }

  /** Has `listener` called after each append, until the function returned is called. */
  onAppend(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private dropOldest(): void {
    while (this.records.length - this.dropped > this.retentionRecords) {
      this.records[this.dropped++] = undefined;
    }
    if (this.dropped < COMPACT_AFTER_DROPPED || this.dropped * 2 < this.records.length) return;
    this.records = this.records.slice(this.dropped);
    this.dropped = 0;
  }
}
