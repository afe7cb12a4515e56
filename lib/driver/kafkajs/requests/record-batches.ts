import type { ConsumerRecord, TopicPartition } from '../../record.js';
import { nextBatch, type BatchFrame } from './batch-frame.js';
import type { ResponseReader } from './response-reader.js';

const NO_BYTES = Buffer.alloc(0);

const COMPRESSION_BITS = 0x07;
const LOG_APPEND_TIME_BIT = 0x08;
const CONTROL_BIT = 0x20;

/** What one partition's share of a fetch brought. */
export interface FetchedRecords {
  readonly records: readonly ConsumerRecord[];
  /** The epoch of the leader that took the batches; -1 when there are none. */
  readonly leaderEpoch: number;
  /** Where the first batch says that it starts; `from` when there is none. */
  readonly start: bigint;
  /** Behind the last batch: it may be further than the last record, which compaction or a transaction's marker took. */
  readonly next: bigint;
  /** What is wrong with the first batch, in words: nothing was read then. */
  readonly damage: string | undefined;
}

/**
 * Reads record batches from the place `from` on. Ends before a batch that is damaged or cut off, and before one that does not go on
 * where the one before ended: the next fetch starts with it.
 *
 * Of a batch that is compressed, which the checked topics have none of, that is older than Kafka 0.11, or that holds no records
 * although its checksum is right, the bytes come as one record without a value: it is refused like other garbage, and the
 * partition goes on.
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export const readBatches = (reader: ResponseReader, place: TopicPartition, from: bigint): FetchedRecords => {
  const records: ConsumerRecord[] = [];
  let next = from;
  let start = from;
  let leaderEpoch = -1;
  let damage: string | undefined;
  for (let isFirst = true; reader.remaining > 0; isFirst = false) {
    const frame = nextBatch(reader);
    if (isFirst) {
      const end = typeof frame === 'string' ? from : readBatch(frame, { place, from, records });
      damage = typeof frame === 'string' ? frame : end <= from ? 'has wrong offsets' : undefined;
      if (typeof frame === 'string' || damage !== undefined) break;
      ({ baseOffset: start, leaderEpoch } = frame);
      next = end;
    } else {
      if (typeof frame === 'string' || frame.baseOffset !== next || frame.leaderEpoch !== leaderEpoch) break;
      next = readBatch(frame, { place, from, records });
    }
  }
  return { records, leaderEpoch, start, next, damage };
};

interface Target {
  readonly place: TopicPartition;
  /** A batch comes whole, also when the place asked for is in its middle. */
  readonly from: bigint;
  readonly records: ConsumerRecord[];
}

/** @returns the offset behind the batch. */
const readBatch = ({ baseOffset, body }: BatchFrame, target: Target): bigint => {
  if (body === undefined) return pushUnreadable(target, baseOffset, 0);
  const attributes = body.int16();
  const lastOffset = baseOffset + BigInt(body.int32());
  const baseTimestampMs = Number(body.int64());
  const maxTimestampMs = Number(body.int64());
  body.skip(14); // producer id, epoch and sequence
  if ((attributes & CONTROL_BIT) !== 0) return lastOffset + 1n;
  if ((attributes & COMPRESSION_BITS) !== 0) return pushUnreadable(target, lastOffset, maxTimestampMs);
  const appendedAtMs = (attributes & LOG_APPEND_TIME_BIT) !== 0 ? maxTimestampMs : undefined;
  const before = target.records.length;
  try {
    readRecords(body, target, { baseOffset, baseTimestampMs, appendedAtMs });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // It will be the same next time: whoever wrote it wrote no records.
    target.records.length = before;
    return pushUnreadable(target, lastOffset, maxTimestampMs);
  }
  return lastOffset + 1n;
};

interface BatchBase {
  readonly baseOffset: bigint;
  readonly baseTimestampMs: number;
  /** Undefined where records keep the time of their writer. */
  readonly appendedAtMs: number | undefined;
}

const readRecords = (
  body: ResponseReader,
  { place: { topic, partition }, from, records }: Target,
  { baseOffset, baseTimestampMs, appendedAtMs }: BatchBase,
): void => {
  const count = body.int32();
  for (let i = 0; i < count; i++) {
    const record = body.part(body.varint());
    record.skip(1); // attributes
    const createdAtMs = baseTimestampMs + record.varlong();
    const offset = baseOffset + BigInt(record.varint());
    if (offset < from) continue;
    const timestampMs = appendedAtMs ?? createdAtMs;
    const key = record.varintBytes();
    const value = record.varintBytes();
    records.push({ topic, partition, offset, timestampMs, key, value, headers: readHeaders(record) });
  }
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

const pushUnreadable = ({ place, from, records }: Target, offset: bigint, timestampMs: number): bigint => {
  const { topic, partition } = place;
  if (offset >= from) {
    records.push({ topic, partition, offset, timestampMs, key: null, value: null, headers: {} });
  }
  return offset + 1n;
};
