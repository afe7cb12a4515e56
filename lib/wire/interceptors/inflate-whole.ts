import type { ZlibOptions } from 'node:zlib';
import { notCompressed, tooLarge } from './compression-refusals.js';

type Inflate = (bytes: Buffer, options: Pick<ZlibOptions, 'maxOutputLength' | 'info'>) => Buffer;

/** What zlib gives with `info`: its types do not know. */
interface Inflated {
  readonly buffer: Buffer;
  /** `bytesWritten` is what it has read. */
  readonly engine: { readonly bytesWritten: number };
}

/**
 * Inflates with one of zlib's functions, which stop at `maxBytes`, and refuses input with unread bytes.
 * @throws RpcError as `BoundedCodec.inflate` does.
 */
export const inflateWhole = (
  algorithm: string,
  inflate: Inflate,
  bytes: Buffer,
  maxBytes: number,
): Buffer => {
  const { buffer, engine } = inflated(algorithm, inflate, bytes, maxBytes);
  if (engine.bytesWritten !== bytes.length) throw notCompressed(algorithm, 'something stands behind its end');
  return buffer;
};

const inflated = (algorithm: string, inflate: Inflate, bytes: Buffer, maxBytes: number): Inflated => {
  try {
    return inflate(bytes, { maxOutputLength: maxBytes, info: true }) as unknown as Inflated;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw notCompressed(algorithm, 'it is damaged', cause);
  }
};
