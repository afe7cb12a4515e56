import * as zlib from 'node:zlib';

/** Whether this run has zstd at all: Node 22.15, or the optional package. */
export const hasZstd = (): boolean => {
  if ('zstdCompressSync' in zlib) return true;
  try {
    require.resolve('@bokuweb/zstd-wasm');
    return true;
  } catch {
    return false;
  }
};

const BLOCK = 128 * 1024;

/** A frame made by hand: so many blocks of 4 bytes that inflate to 128 KiB each. */
export const rleFrame = (blocks: number, saysBytes = blocks * BLOCK, windowDescriptor = 13 << 3): Buffer => {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x80, windowDescriptor, 0, 0, 0, 0]);
  head.writeUInt32LE(saysBytes, 6);
  const list = Array.from({ length: blocks }, (_, i) => rleBlock(BLOCK, i === blocks - 1));
  return Buffer.concat([head, ...list]);
};

export const rleBlock = (bytes: number, isLast: boolean): Buffer => {
  const block = Buffer.alloc(4, 65);
  block.writeUIntLE((bytes << 3) | (1 << 1) | (isLast ? 1 : 0), 0, 3);
  return block;
};
