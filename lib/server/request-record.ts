import type { ConsumerRecord } from '../driver/record.js';
import type { PartitionShare } from './partition-share.js';
import type { TrackedRecord } from './commits/tracked-record.js';

/** Where a record stands, and when it was appended: all that is kept of it beside its calls. */
export type RecordPosition = Pick<ConsumerRecord, 'topic' | 'partition' | 'offset' | 'timestampMs'>;

/** A record of requests as it was read, with where it is accounted for. Kept until it is opened, as it pins the fetch that brought it. */
export class RequestRecord implements ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: ConsumerRecord['headers'];
  /** Of its frame list, with nothing undone any more; known when it is opened. */
  frameBytes = 0;

  constructor(
    record: ConsumerRecord,
    readonly share: PartitionShare,
    readonly tracked: TrackedRecord,
  ) {
    this.topic = record.topic;
    this.partition = record.partition;
    this.offset = record.offset;
    this.timestampMs = record.timestampMs;
    this.key = record.key;
    this.value = record.value;
    this.headers = record.headers;
  }
}
