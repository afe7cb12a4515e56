import type { ConsumerRecord, ProducerRecord } from '../record.js';

type ConsumerHeaders = ConsumerRecord['headers'];

/** What Kafka's batch header and one record's own fields take, roughly: the size check needs no more. */
const BATCH_OVERHEAD_BYTES = 61;
const RECORD_OVERHEAD_BYTES = 12;

const copyBuffer = (bytes: Buffer): Buffer => Buffer.from(bytes);

const copyNullable = (bytes: Buffer | null | undefined): Buffer | null =>
  bytes == null ? null : copyBuffer(bytes);

/** `fromEntries` defines even a header called `__proto__` as an own property. */
const copyHeaders = (headers: ConsumerHeaders = {}): ConsumerHeaders =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? copyBuffer(value) : value.map(copyBuffer),
    ]),
  );

/** A produced record as the log keeps it. Copies its bytes: the producer may use its own again. */
export const storeRecord = (record: ProducerRecord, offset: bigint, timestampMs: number): ConsumerRecord => ({
  topic: record.topic,
  partition: record.partition,
  offset,
  timestampMs,
  key: copyNullable(record.key),
  value: copyNullable(record.value),
  headers: copyHeaders(record.headers),
});

/** A record for one reader. Copies its bytes again: what one reader does to them, no other sees. */
export const copyRecord = (record: ConsumerRecord): ConsumerRecord => ({
  ...record,
  key: copyNullable(record.key),
  value: copyNullable(record.value),
  headers: copyHeaders(record.headers),
});

const headerBytes = (headers: ProducerRecord['headers'] = {}): number =>
  Object.entries(headers)
    .flatMap(([name, value]) =>
      (value instanceof Uint8Array ? [value] : value).map((one) => [name, one] as const),
    )
    .reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + value.length + 2, 0);

const sizeOf = (record: ProducerRecord): number =>
  RECORD_OVERHEAD_BYTES +
  (record.key?.length ?? 0) +
  (record.value?.length ?? 0) +
  headerBytes(record.headers);

/** The bytes that one partition's records take as a batch, near enough to what a broker would count. */
export const batchBytes = (records: readonly ProducerRecord[]): number =>
  records.reduce((sum, record) => sum + sizeOf(record), BATCH_OVERHEAD_BYTES);
