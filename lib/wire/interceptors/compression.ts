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
   * `zstd` needs Node 22.15 or the package `@bokuweb/zstd-wasm`. `none` sends all records uncompressed, with the same limits.
   * @default 'zstd'
   */
  readonly algorithm?: CompressionAlgorithm;
  /** Records below this size are sent uncompressed, in bytes. @default 1024 */
  readonly minBytes?: number;
  /** Largest uncompressed size of a record, in bytes, for sending and receiving. @default 8388608 (8 MiB) */
  readonly maxBytes?: number;
  /**
   * zstd -7 to 19 (negative levels are fast, 0 is zstd's own default), gzip 1 to 9, brotli 0 to 11. A higher level is slower.
   * @default zstd -1, gzip 6, brotli 4
   */
  readonly level?: number;
  /**
   * Patterns, as in `context.getPattern()`, whose calls and replies are sent uncompressed, in separate records. Name the patterns
   * that carry a secret together with text that a stranger chooses. Set it on both sides, because each side writes one direction.
   * @default []
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
 * A stage that compresses whole records. A record below `minBytes`, or one that would grow, is sent plain:
 *
 *     offset  size  type   field
 *     0       1     uint8  0 plain, 1 zstd, 2 gzip, 3 brotli
 *     1       rest         the bytes, or one compressed stream and nothing behind it
 *
 * A receiver accepts plain records and records of its own algorithm. The limit `maxBytes` applies during inflation, so a
 * compression bomb uses no more memory than a good record may. Put this stage before encryption and verification. Then the
 * receiver inflates only authentic records.
 *
 * The size of a compressed record reveals something about its content (CRIME, BREACH). See `except`.
 * Cost: the algorithm runs on the event loop. A plain record costs one byte and one copy.
 *
 * @throws RpcError `INVALID_ARGUMENT` for an invalid option, with its name.
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
