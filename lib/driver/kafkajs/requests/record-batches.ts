import type { ConsumerRecord, TopicPartition } from '../../record.js';
import type { ResponseReader } from './response-reader.js';

const MAGIC = 2;
/** Base offset and length. */
const BATCH_HEAD_BYTES = 12;

const NO_BYTES = Buffer.alloc(0);

const COMPRESSION_BITS = 0x07;
const LOG_APPEND_TIME_BIT = 0x08;
const CONTROL_BIT = 0x20;

/** What one partition's share of a fetch brought. */
export interface FetchedRecords {
  readonly records: readonly ConsumerRecord[];
  /** The epoch of the leader that took the last whole batch; -1 when there is none. */
  readonly leaderEpoch: number;
  /** Behind the last whole batch: it may be further than the last record, which compaction or a transaction's marker took. */
  readonly next: bigint;
}

/**
 * Reads record batches from the place `from` on; a last batch that was cut off is left for the next fetch.
 *
 * Of a batch that is compressed, which the checked topics have none of, or that is older than Kafka 0.11, the bytes come as
 * one record without a value: it is refused like other garbage, and the partition goes on.
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export const readBatches = (reader: ResponseReader, place: TopicPartition, from: bigint): FetchedRecords => {
  const records: ConsumerRecord[] = [];
  let next = from;
  let leaderEpoch = -1;
  while (reader.remaining >= BATCH_HEAD_BYTES) {
    const baseOffset = reader.int64();
    const length = reader.int32();
    if (length > reader.remaining) break;
    const batch = reader.part(length);
    leaderEpoch = batch.int32();
    const end = readBatch(batch, { place, baseOffset, from, records });
    if (end > next) next = end;
  }
  return { records, leaderEpoch, next };
};

interface Batch {
  readonly place: TopicPartition;
  readonly baseOffset: bigint;
  /** A batch comes whole, also when the place asked for is in its middle. */
  readonly from: bigint;
  readonly records: ConsumerRecord[];
}

/** Reads behind the leader's epoch. @returns the offset behind the batch. */
const readBatch = (reader: ResponseReader, batch: Batch): bigint => {
  const { place, baseOffset, from, records } = batch;
  if (reader.int8() !== MAGIC) return pushUnreadable(batch, baseOffset, 0);
  reader.skip(4); // CRC: TCP and the broker have checked it
  const attributes = reader.int16();
  const lastOffset = baseOffset + BigInt(reader.int32());
  const baseTimestampMs = Number(reader.int64());
  const maxTimestampMs = Number(reader.int64());
  reader.skip(14); // producer id, epoch and sequence
  const count = reader.int32();
  if ((attributes & CONTROL_BIT) !== 0) return lastOffset + 1n;
  if ((attributes & COMPRESSION_BITS) !== 0) return pushUnreadable(batch, lastOffset, maxTimestampMs);
  const isAppendTime = (attributes & LOG_APPEND_TIME_BIT) !== 0;
  const { topic, partition } = place;
  for (let i = 0; i < count; i++) {
    const record = reader.part(reader.varint());
    record.skip(1); // attributes
    const createdAtMs = baseTimestampMs + record.varlong();
    const offset = baseOffset + BigInt(record.varint());
    if (offset < from) continue;
    const timestampMs = isAppendTime ? maxTimestampMs : createdAtMs;
    const key = record.varintBytes();
    const value = record.varintBytes();
    records.push({ topic, partition, offset, timestampMs, key, value, headers: readHeaders(record) });
  }
  return lastOffset + 1n;
};

const readHeaders = (record: ResponseReader): ConsumerRecord['headers'] => {
  // No prototype: a header named `__proto__` is a header like any other.
  const headers = Object.create(null) as Record<string, Buffer | Buffer[]>;
  for (let count = record.varint(); count > 0; count--) {
    const name = record.varintString();
    const value = record.varintBytes() ?? NO_BYTES;
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else if (Array.isArray(known)) known.push(value);
    else headers[name] = [known, value];
  }
  return headers;
};

const pushUnreadable = ({ place, from, records }: Batch, offset: bigint, timestampMs: number): bigint => {
  const { topic, partition } = place;
  if (offset >= from) {
    records.push({ topic, partition, offset, timestampMs, key: null, value: null, headers: {} });
  }
  return offset + 1n;
};
