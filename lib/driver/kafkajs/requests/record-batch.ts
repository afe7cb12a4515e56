import { crc32c } from '../../../checksum/crc32c.js';
import type { ProducerRecord } from '../../record.js';
import { maxTextBytes, varintBytes, type RequestWriter } from './request-writer.js';

const MAGIC = 2;
/** From the base offset to the number of records. */
const HEADER_BYTES = 61;
/** Lengths, attributes, deltas of a record, at most. */
const RECORD_OVERHEAD_BYTES = 32;
const HEADER_OVERHEAD_BYTES = 10;

/** Where the fields that are known last stand, from the start of the batch. */
const LENGTH_AT = 8;
const LENGTH_COUNTED_FROM = 12;
const CRC_AT = 17;
const CRC_COUNTED_FROM = 21;

/** No less than the batch will take. */
export const maxBatchBytes = (records: readonly ProducerRecord[]): number => {
  let bytes = HEADER_BYTES;
  for (const { key, value, headers } of records) {
    bytes += RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
    eachHeader(headers, (name, each) => {
      bytes += HEADER_OVERHEAD_BYTES + maxTextBytes(name) + each.length;
    });
  }
  return bytes;
};

/** Who appends, as the broker knows it, and how many records stand before these: what makes a repeated batch known (KIP-98). */
export interface BatchSequence {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly first: number;
}

/** Of a producer that is not idempotent. */
const NO_SEQUENCE: BatchSequence = Object.freeze({ producerId: -1n, epoch: -1, first: -1 });

/**
 * The records for one partition, uncompressed.
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export const writeBatch = (
  writer: RequestWriter,
  records: readonly ProducerRecord[],
  nowMs: number,
  { producerId, epoch, first }: BatchSequence = NO_SEQUENCE,
): void => {
  const start = writer.length;
  writer.int64(0n); // base offset
  writer.int32(0); // length
  writer.int32(-1); // partition leader epoch
  writer.int8(MAGIC);
  writer.int32(0); // CRC
  writer.int16(0); // attributes: no compression, create time
  writer.int32(records.length - 1); // last offset delta
  writer.int64(BigInt(nowMs)); // base timestamp
  writer.int64(BigInt(nowMs)); // max timestamp
  writer.int64(producerId);
  writer.int16(epoch);
  writer.int32(first); // base sequence
  writer.int32(records.length);
  records.forEach((record, offsetDelta) => writeRecord(writer, record, offsetDelta));
  writer.patchInt32(writer.length - start - LENGTH_COUNTED_FROM, start + LENGTH_AT);
  writer.patchInt32(crc32c(writer.written(start + CRC_COUNTED_FROM)), start + CRC_AT);
};

const writeRecord = (
  writer: RequestWriter,
  { key, value, headers }: ProducerRecord,
  offsetDelta: number,
): void => {
  const list = headerList(headers);
  writer.varint(recordBytes(key ?? null, value, list, offsetDelta));
  writer.int8(0); // attributes
  writer.varint(0); // timestamp delta
  writer.varint(offsetDelta);
  writer.varintBytes(key ?? null);
  writer.varintBytes(value);
  writer.varint(list.length);
  for (const [name, each] of list) {
    writer.varintBytes(Buffer.from(name));
    writer.varintBytes(each);
  }
};

/** What follows a record's length, which stands before it as a VARINT and so must be known first. */
const recordBytes = (
  key: Buffer | null,
  value: Buffer | null,
  headers: readonly (readonly [string, Buffer])[],
  offsetDelta: number,
): number => {
  // One byte each for attributes and timestamp delta.
  let bytes = 2 + varintBytes(offsetDelta) + bytesWithLength(key) + bytesWithLength(value);
  bytes += varintBytes(headers.length);
  for (const [name, each] of headers) {
    const nameBytes = Buffer.byteLength(name);
    bytes += varintBytes(nameBytes) + nameBytes + bytesWithLength(each);
  }
  return bytes;
};

const bytesWithLength = (bytes: Buffer | null): number =>
  bytes === null ? varintBytes(-1) : varintBytes(bytes.length) + bytes.length;

const headerList = (headers: ProducerRecord['headers']): readonly (readonly [string, Buffer])[] => {
  const list: [string, Buffer][] = [];
  eachHeader(headers, (name, each) => list.push([name, each]));
  return list;
};

/** Headers one by one: one that stands more than once is an array. */
const eachHeader = (
  headers: ProducerRecord['headers'],
  visit: (name: string, each: Buffer) => void,
): void => {
  for (const name in headers) {
    const value = headers[name];
    if (Buffer.isBuffer(value)) visit(name, value);
    else for (const each of value ?? []) visit(name, each);
  }
};
