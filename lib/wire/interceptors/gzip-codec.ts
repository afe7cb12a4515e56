import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { BoundedCodec } from './bounded-codec.js';
import { notCompressed } from './compression-refusals.js';
import { inflateWhole } from './inflate-whole.js';

/** RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const TRAILER_BYTES = 8;

/** What a header must say: one plain member. Time, extra flags and system are free. */
const FIXED_BYTES = 4;

/**
 * gzip with exactly one member and no optional fields. It reads header and trailer itself, because Node's `gunzip` also accepts
 * joined members and trailing bytes.
 *
 * @param level 1 to 9
 */
export const gzipCodec = (level: number): BoundedCodec => ({
  compress(bytes) {
    const trailer = Buffer.allocUnsafe(TRAILER_BYTES);
    trailer.writeUInt32LE(crc32(bytes), 0);
    trailer.writeUInt32LE(bytes.length, 4);
    return Buffer.concat([HEADER, deflateRawSync(bytes, { level }), trailer]);
  },

  inflate(bytes, maxBytes) {
    const end = bytes.length - TRAILER_BYTES;
    const isMember = end >= HEADER.length && bytes.compare(HEADER, 0, FIXED_BYTES, 0, FIXED_BYTES) === 0;
    if (!isMember) throw notCompressed('gzip', 'it has no plain gzip header');
    const deflated = bytes.subarray(HEADER.length, end);
    const plain = inflateWhole('gzip', inflateRawSync, deflated, maxBytes);
    if (bytes.readUInt32LE(end) !== crc32(plain) || bytes.readUInt32LE(end + 4) !== plain.length) {
      throw notCompressed('gzip', 'its sum or its length does not fit');
    }
    return plain;
  },
});
