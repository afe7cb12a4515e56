import { notCompressed, tooLarge } from './compression-refusals.js';

const MAGIC = 0xfd2fb528;
const BLOCK_HEADER_BYTES = 3;
const MAX_BLOCK_BYTES = 128 * 1024;
const CHECKSUM_BYTES = 4;
const RLE = 1;
const RESERVED = 3;

/** The window size that every decoder should support (RFC 9659), in bytes. */
export const MAX_WINDOW_BYTES = 8 * 1024 * 1024;

/**
 * The content size of one zstd frame in bytes (RFC 8878, 3.1.1), read from its headers. It visits every block header once, and
 * neither inflates nor allocates.
 *
 * Refuses frames that our encoders never write and that can hide a bomb: no content size or one above `maxBytes`, a window above
 * 8 MiB and `maxBytes`, a dictionary, a skippable frame, joined frames, bytes behind the end.
 *
 * @throws RpcError `RESOURCE_EXHAUSTED`, `INVALID_ARGUMENT`
 */
export const zstdContentSize = (bytes: Buffer, maxBytes: number): number => {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== MAGIC) throw bad('it does not begin with a frame');
  const descriptor = bytes[4] as number;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x0b) !== 0) throw bad('it has reserved bits or a dictionary');
  const sizeAt = isSingleSegment ? 5 : 6;
  const sizeBytes = contentSizeBytes(descriptor >>> 6, isSingleSegment);
  if (sizeBytes === 0) throw bad('it does not say its content size');
  if (bytes.length < sizeAt + sizeBytes) throw bad('it ends in its header');
  const size = readContentSize(bytes, sizeAt, sizeBytes);
  if (size > maxBytes) throw tooLarge(maxBytes);
  if (!isSingleSegment && windowBytes(bytes[5] as number) > Math.max(MAX_WINDOW_BYTES, maxBytes)) {
    throw tooLarge(maxBytes);
  }
  const end = endOfBlocks(bytes, sizeAt + sizeBytes) + ((descriptor & 0x04) !== 0 ? CHECKSUM_BYTES : 0);
  if (end !== bytes.length) throw bad('its frame ends elsewhere');
  return size;
};

const contentSizeBytes = (flag: number, isSingleSegment: boolean): number => {
  if (flag === 0) return isSingleSegment ? 1 : 0;
  return 1 << flag;
};

const readContentSize = (bytes: Buffer, at: number, width: number): number => {
  switch (width) {
    case 1:
      return bytes[at] as number;
    case 2:
      return bytes.readUInt16LE(at) + 256;
    case 4:
      return bytes.readUInt32LE(at);
    default:
      return Number(bytes.readBigUInt64LE(at));
  }
};

const windowBytes = (descriptor: number): number => {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
};

const endOfBlocks = (bytes: Buffer, start: number): number => {
  let at = start;
  for (;;) {
    if (bytes.length < at + BLOCK_HEADER_BYTES) throw bad('it ends in a block');
    const header = readUInt24LE(bytes, at);
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type === RESERVED || size > MAX_BLOCK_BYTES) throw bad('it has a block of no known kind');
    at += BLOCK_HEADER_BYTES + (type === RLE ? 1 : size);
    if ((header & 1) === 1) return at;
  }
};

/** As `readUIntLE(at, 3)`, at a tenth of its time: a record may have very many blocks. */
const readUInt24LE = (bytes: Buffer, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);

const bad = (what: string) => notCompressed('zstd', what);
