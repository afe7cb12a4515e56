import { checkInteger, checkNames, invalidOption } from '../../errors/option-checks.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { WireContext, WireInterceptor } from '../wire-interceptor.js';
import type { BoundedCodec } from './bounded-codec.js';
import { brotliCodec } from './brotli-codec.js';
import { notCompressed, tooLarge } from './compression-refusals.js';
import { gzipCodec } from './gzip-codec.js';
import { loadZstdCodec } from './zstd-codec.js';

export interface CompressionOptions {
  /**
   * `zstd` needs Node 22.15, or the package `@bokuweb/zstd-wasm`. `none` writes all records plain, under the same limits.
   * @default 'zstd'
   */
  readonly algorithm?: CompressionAlgorithm;
  /** Smaller records are not compressed. @default 1024 */
  readonly minBytes?: number;
  /** The largest record before compression and after inflating, in bytes. @default 8388608 (8 MiB) */
  readonly maxBytes?: number;
  /**
   * zstd -7 to 19, of which those below 0 are its fast ones and 0 is its own default; gzip 1 to 9, brotli 0 to 11. More is slower.
   * @default zstd -1, gzip 6, brotli 4
   */
  readonly level?: number;
  /**
   * Patterns, as in `context.getPattern()`, whose calls and replies stay uncompressed, in records of their own. Name those in which a
   * secret travels together with text that a stranger chooses. Set it on both sides, because each writes one direction. @default []
   */
  readonly except?: readonly string[];
}

export type CompressionAlgorithm = 'zstd' | 'gzip' | 'brotli' | 'none';

interface Algorithm {
  readonly flag: number;
  readonly level: number;
  readonly minLevel: number;
  readonly maxLevel: number;
  /** `undefined` for the one that never compresses. */
  load(level: number): Promise<BoundedCodec> | BoundedCodec | undefined;
}

const ALGORITHMS: Readonly<Record<CompressionAlgorithm, Algorithm>> = {
  none: { flag: 0, level: 0, minLevel: 0, maxLevel: 0, load: () => undefined },
  zstd: { flag: 1, level: -1, minLevel: -7, maxLevel: 19, load: loadZstdCodec },
  gzip: { flag: 2, level: 6, minLevel: 1, maxLevel: 9, load: gzipCodec },
  brotli: { flag: 3, level: 4, minLevel: 0, maxLevel: 11, load: brotliCodec },
};

const PLAIN = Buffer.from([0]);
const MAX_MAX_BYTES = 256 * 1024 * 1024;

/**
 * Smaller records. One that is small, or that would grow, goes plain:
 *
 *     offset  size  type   field
 *     0       1     uint8  0 plain, 1 zstd, 2 gzip, 3 brotli
 *     1       rest         the bytes, or one compressed stream and nothing behind it
 *
 * A receiver takes plain records and those of its own algorithm. `maxBytes` holds while inflating: a bomb costs no more
 * memory than a good record may. Stands before encryption and verification, so that nothing is inflated that is not
 * authentic.
 *
 * The size of a compressed record tells something of its content (CRIME, BREACH): name in `except` the patterns where a
 * secret and what a stranger may write travel in one record.
 * Cost: the work of the algorithm, on the event loop; one byte and one copy for what goes plain.
 *
 * @throws RpcError `INVALID_ARGUMENT` naming the option that cannot be used.
 */
export const compression = (options: CompressionOptions = {}): WireInterceptor => {
  checkNames('compression()', options, ['algorithm', 'minBytes', 'maxBytes', 'level', 'except']);
  const name = options.algorithm ?? 'zstd';
  if (!Object.hasOwn(ALGORITHMS, name))
    throw invalidOption('algorithm', name, Object.keys(ALGORITHMS).join(', '));
  const { minLevel, maxLevel, level } = ALGORITHMS[name];
  return new Compression(
    Object.freeze({
      algorithm: name,
      minBytes: checkInteger('minBytes', options.minBytes ?? 1_024, 0),
      maxBytes: checkInteger('maxBytes', options.maxBytes ?? 8 * 1024 * 1024, 1, MAX_MAX_BYTES),
      level: checkInteger('level', options.level ?? level, minLevel, maxLevel),
      except: checkPatterns(options.except ?? []),
    }),
  );
};

const checkPatterns = (patterns: unknown): readonly string[] => {
  const isPatterns = Array.isArray(patterns) && patterns.every((pattern) => typeof pattern === 'string');
  if (isPatterns) return patterns as readonly string[];
  throw invalidOption('except', patterns, 'an array of patterns, each a string as getPattern() has it');
};

class Compression implements WireInterceptor {
  readonly name: string;
  readonly keepsApart?: (pattern: string) => boolean;
  private readonly flag: Buffer;
  private codec: BoundedCodec | undefined;
  private isOpen = false;

  constructor(private readonly options: Required<CompressionOptions>) {
    this.name = `compression:${options.algorithm}`;
    const except = new Set(options.except);
    if (except.size > 0) this.keepsApart = (pattern) => except.has(pattern);
    this.flag = Buffer.from([ALGORITHMS[options.algorithm].flag]);
  }

  async open(): Promise<void> {
    if (this.isOpen) return;
    this.codec = await ALGORITHMS[this.options.algorithm].load(this.options.level);
    this.isOpen = true;
  }

  encode(bytes: Buffer, { isApart }: Pick<WireContext, 'isApart'>): Buffer {
    const codec = this.opened();
    if (bytes.length > this.options.maxBytes) throw tooLarge(this.options.maxBytes);
    if (codec === undefined || isApart || bytes.length < this.options.minBytes)
      return Buffer.concat([PLAIN, bytes]);
    const small = codec.compress(bytes);
    return small.length < bytes.length ? Buffer.concat([this.flag, small]) : Buffer.concat([PLAIN, bytes]);
  }

  decode(bytes: Buffer): Buffer {
    const codec = this.opened();
    const body = bytes.subarray(1);
    if (bytes[0] === PLAIN[0]) {
      if (body.length > this.options.maxBytes) throw tooLarge(this.options.maxBytes);
      return body;
    }
    if (codec === undefined || bytes[0] !== this.flag[0]) {
      throw notCompressed(this.options.algorithm, 'its first byte names another algorithm');
    }
    return codec.inflate(body, this.options.maxBytes);
  }

  private opened(): BoundedCodec | undefined {
    if (this.isOpen) return this.codec;
    throw new RpcError(RpcStatus.FAILED_PRECONDITION, 'compression() is not open: await its open() first.');
  }
}
