import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { BoundedCodec } from './bounded-codec.js';
import { inflateWhole } from './inflate-whole.js';

/** @param level 0 to 11. From level 10, a record takes milliseconds. */
export const brotliCodec = (level: number): BoundedCodec => ({
  compress: (bytes) =>
    brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: level,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),

  inflate: (bytes, maxBytes) => inflateWhole('brotli', brotliDecompressSync, bytes, maxBytes),
});
