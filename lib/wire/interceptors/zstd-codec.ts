import * as zlib from 'node:zlib';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { BoundedCodec } from './bounded-codec.js';
import { notCompressed } from './compression-refusals.js';
import { MAX_WINDOW_BYTES, zstdContentSize } from './zstd-frame.js';

/** zlib as of Node 22.15; the types are those of Node 20. */
interface ZlibWithZstd {
  zstdCompressSync(bytes: Buffer, options: object): Buffer;
  zstdDecompressSync(bytes: Buffer, options: object): Buffer;
  readonly constants: Readonly<Record<string, number>>;
}

/** `@bokuweb/zstd-wasm`, which inflates into a buffer of the frame's own content size, inside of its sandbox. */
interface ZstdWasm {
  init(): Promise<void>;
  compress(bytes: Uint8Array, level: number): Uint8Array;
  decompress(bytes: Uint8Array): Uint8Array;
}

/** In a variable, so that the compiler does not look for a package that may be missing. */
const WASM_PACKAGE: string = '@bokuweb/zstd-wasm';

/**
 * zstd by Node 22.15 or later, otherwise by the optional package `@bokuweb/zstd-wasm`. Each reads the frames of the other.
 * A frame names its content size. The decoder refuses a frame with a false size when its buffer is full.
 *
 * @param level -7 to 19. 0 is zstd's own default.
 * @throws RpcError `FAILED_PRECONDITION` when neither is available.
 */
export const loadZstdCodec = async (level: number): Promise<BoundedCodec> => {
  if ('zstdCompressSync' in zlib) return guarded(nativeZstd(zlib as unknown as ZlibWithZstd, level));
  return guarded(await wasmZstd(level));
};

interface Zstd {
  compress(bytes: Buffer): Buffer;
  decompress(bytes: Buffer, size: number): Buffer;
}

const guarded = (zstd: Zstd): BoundedCodec => ({
  compress: (bytes) => zstd.compress(bytes),
  inflate(bytes, maxBytes) {
    const size = zstdContentSize(bytes, maxBytes);
    const plain = decompressed(zstd, bytes, size);
    if (plain.length !== size) throw notCompressed('zstd', 'its content size is not true');
    return plain;
  },
});

const decompressed = (zstd: Zstd, bytes: Buffer, size: number): Buffer => {
  try {
    return zstd.decompress(bytes, size);
  } catch (cause) {
    throw notCompressed('zstd', 'it is damaged or its content size is not true', cause);
  }
};

const nativeZstd = (native: ZlibWithZstd, level: number): Zstd => {
  const { ZSTD_c_compressionLevel, ZSTD_d_windowLogMax } = native.constants;
  const compression = { [ZSTD_c_compressionLevel as number]: level };
  return {
    compress: (bytes) =>
      native.zstdCompressSync(bytes, { params: compression, pledgedSrcSize: bytes.length }),
    decompress: (bytes, size) =>
      native.zstdDecompressSync(bytes, {
        // zlib allows no limit of 0.
        maxOutputLength: Math.max(size, 1),
        params: { [ZSTD_d_windowLogMax as number]: windowLog(size) },
      }),
  };
};

/** A frame of a single segment has its content as its window. */
const windowLog = (size: number): number => Math.ceil(Math.log2(Math.max(size, MAX_WINDOW_BYTES)));

const wasmZstd = async (level: number): Promise<Zstd> => {
  const wasm = await loadWasm();
  return {
    compress: (bytes) => viewOf(wasm.compress(bytes, level)),
    decompress: (bytes) => viewOf(wasm.decompress(bytes)),
  };
};

/**
 * One for the process: `init()` puts another memory under those who already work with the module. The one mutable state
 * of a module in this folder, for a package that is one itself.
 */
let loading: Promise<ZstdWasm> | undefined;

const loadWasm = (): Promise<ZstdWasm> => {
  loading ??= importWasm().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
};

const importWasm = async (): Promise<ZstdWasm> => {
  try {
    const wasm = (await import(WASM_PACKAGE)) as ZstdWasm;
    await wasm.init();
    return wasm;
  } catch (cause) {
    throw new RpcError(
      RpcStatus.FAILED_PRECONDITION,
      `compression() by zstd needs Node 22.15 or the package ${WASM_PACKAGE}, which cannot be loaded: ${reasonOf(cause)}. ` +
        'Install it, or use gzip or brotli.',
      { cause },
    );
  }
};

/** Of a missing package Node also lists who required it: the first line names it. */
const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]?.replace(/\.$/, '') ?? '';

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
