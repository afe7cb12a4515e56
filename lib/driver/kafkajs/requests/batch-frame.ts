import { crc32 } from 'node:zlib';
import { crc32c } from '../../../checksum/crc32c.js';
import type { ResponseReader } from './response-reader.js';

const MAGIC = 2;
/** Base offset and length. */
const HEAD_BYTES = 12;
/** The leader's epoch, or an old message's CRC, and the magic. */
const MAGIC_END_BYTES = 5;
const CRC_BYTES = 4;

/** A record batch, before its records are read. */
export interface BatchFrame {
  readonly baseOffset: bigint;
  /** The epoch of the leader that took it; -1 when the format has none. */
  readonly leaderEpoch: number;
  /** What the checksum covers, from the attributes on; undefined for a format older than Kafka 0.11. */
  readonly body: ResponseReader | undefined;
}

/**
 * Takes the next batch, with its checksum checked. Base offset, length, epoch and magic stand outside of what it covers (KIP-98).
 * @returns what is wrong with it, in words, when it is not what was written
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export const nextBatch = (reader: ResponseReader): BatchFrame | string => {
  if (reader.remaining < HEAD_BYTES) return 'is cut off';
  const baseOffset = reader.int64();
  const length = reader.int32();
  if (length < MAGIC_END_BYTES + CRC_BYTES || length > reader.remaining)
    return 'has a wrong length, or is cut off';
  const batch = reader.part(length);
  const first = batch.int32();
  const fromMagic = batch.rest();
  const magic = batch.int8();
  if (magic === MAGIC) {
    if (batch.int32() >>> 0 !== crc32c(batch.rest())) return 'has a wrong checksum';
    return { baseOffset, leaderEpoch: first, body: batch };
  }
  if (magic < 0 || magic > MAGIC || first >>> 0 !== crc32(fromMagic)) return 'has a wrong checksum';
  return { baseOffset, leaderEpoch: -1, body: undefined };
};
