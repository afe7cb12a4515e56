import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkNames,
  checkString,
  checkTime,
  invalidOption,
  isByName,
  readOption,
} from '../errors/option-checks.js';
import type { ReplyHeaders } from '../protocol/reply-notes.js';
import { checkCallRetry, type CallRetryOptions } from './retries/call-retry-options.js';

/** Options of one call or event. */
export interface CallOptions {
  /** The deadline of the call, in milliseconds. @default the client's `timeoutMs` */
  readonly timeoutMs?: number;
  /** Calls with the same key run one after the other, in the order sent. @default none: any partition */
  readonly key?: string | Buffer;
  /** Headers for the handler: `context.getHeaders()`. They override the client's `headers`. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The name of the operation, 1 to 255 bytes of UTF-8: calls with one name and the same pattern and data run once, and all get its result,
   * from other clients and after restarts too. The server needs `idempotency`. Not for events. @default none
   */
  readonly idempotencyKey?: string;
  /** The handler starts this many milliseconds later, at the earliest. A call's deadline must be later. @default 0 */
  readonly delayMs?: number;
  /** The handler starts at this time, at the earliest: a date, or milliseconds since the epoch. @default at once */
  readonly at?: Date | number;
  /**
   * Whether a call or event made in a handler ignores the deadline and the cancellation of the handler's own call.
   * @default the client's `detached` for calls, true for events
   */
  readonly detached?: boolean;
  /**
   * Whether, and when, the call is sent again after it failed: over the client's `retry`, option by option; `false` for never. Not for
   * events. @default the client's `retry`
   */
  readonly retry?: CallRetryOptions | false;
  /** Whether a second run of the handler does no harm: such a call may be sent again after it was sent. Not for events. @default false */
  readonly idempotent?: boolean;
  /** Gets each value that the handler gives to `context.progress()`, while the call is open. Not for events. @default none */
  readonly onProgress?: (value: unknown) => void;
  /** Gets the headers of the answer as soon as they come: all that were set so far. Not for events. @default none */
  readonly onHeaders?: (headers: ReplyHeaders) => void;
  /** Whether it waits for a server when there is none, or fails. Not for events. @default the client's `whenNoServer` */
  readonly whenNoServer?: WhenNoServer;
}

/** `wait` until a server comes or the deadline; or `fail` with `UNAVAILABLE` within a second. */
export type WhenNoServer = 'wait' | 'fail';

export const CALL_OPTION_NAMES: readonly string[] = [
  'timeoutMs',
  'key',
  'headers',
  'idempotencyKey',
  'delayMs',
  'at',
  'detached',
  'retry',
  'idempotent',
  'onProgress',
  'onHeaders',
  'whenNoServer',
];

const BRAND = Symbol.for('nestjs-kafka-rpc.KafkaRpcRecord');

/**
 * Data together with the options of the call that carries it; made by `KafkaRpcRecordBuilder`. `instanceof` holds across
 * two copies of the package.
 */
export class KafkaRpcRecord<T = unknown> {
  constructor(
    readonly data: T,
    readonly options: CallOptions,
  ) {
    checkNames('A call', options, CALL_OPTION_NAMES);
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    try {
      return typeof value === 'object' && value !== null && BRAND in value;
    } catch {
      // A proxy that cannot be asked: the serializer will say what is wrong with it.
      return false;
    }
  }
}

// On the prototype: no record pays for it.
Object.defineProperty(KafkaRpcRecord.prototype, BRAND, { value: true });

export const NO_OPTIONS: CallOptions = Object.freeze({});

/** The options that came with the data of a call. */
export const optionsOf = (data: unknown): CallOptions =>
  data instanceof KafkaRpcRecord ? data.options : NO_OPTIONS;

/**
 * Builds data with options for `send()` and `emit()`, as Nest's own record builders do. It copies its arguments, except the data: a
 * built record does not change.
 *
 *     client.send('sum.add', new KafkaRpcRecordBuilder(terms).setKey('k').setTimeout(2_000).build());
 */
export class KafkaRpcRecordBuilder<T = unknown> {
  private key: string | Buffer | undefined;
  private timeoutMs: number | undefined;
  private headers: Readonly<Record<string, unknown>> | undefined;
  private delayMs: number | undefined;
  private at: number | undefined;
  private detached: boolean | undefined;
  private idempotencyKey: string | undefined;
  private retry: CallRetryOptions | false | undefined;
  private idempotent: boolean | undefined;
  private onProgress: CallOptions['onProgress'];
  private onHeaders: CallOptions['onHeaders'];
  private whenNoServer: WhenNoServer | undefined;

  constructor(private data?: T) {}

  setData(data: T): this {
    this.data = data;
    return this;
  }

  setKey(key: string | Buffer): this {
    this.key = Buffer.isBuffer(key) ? Buffer.from(key) : key;
    return this;
  }

  /** Milliseconds. */
  setTimeout(timeoutMs: number): this {
    this.timeoutMs = timeoutMs;
    return this;
  }

  /** Adds headers. A later header replaces one with the same name. @throws RpcError `INVALID_ARGUMENT` unless it is an object. */
  setHeaders(headers: Readonly<Record<string, string>>): this {
    this.headers = { ...this.headers, ...copyOfHeaders(headers) };
    return this;
  }

  setHeader(name: string, value: string): this {
    return this.setHeaders({ [name]: value });
  }

  /** The name of the operation: calls with one name run once, and all get its result. */
  setIdempotencyKey(idempotencyKey: string): this {
    this.idempotencyKey = idempotencyKey;
    return this;
  }

  /** The handler starts this many milliseconds later. Replaces an earlier `setDelay()` or `setAt()`. */
  setDelay(delayMs: number): this {
    this.delayMs = delayMs;
    this.at = undefined;
    return this;
  }

  /** The handler starts at this time. Replaces an earlier `setDelay()` or `setAt()`. */
  setAt(at: Date | number): this {
    this.at = checkTime('at', at);
    this.delayMs = undefined;
    return this;
  }

  /** Whether it ignores the deadline and the cancellation of the call in whose handler it is made. With `false`, an event shares them. */
  setDetached(detached = true): this {
    this.detached = detached;
    return this;
  }

  /** Whether, and when, the call is sent again after it failed; `false` for never. */
  setRetry(retry: CallRetryOptions | false): this {
    this.retry = retry === false ? retry : { ...retry };
    return this;
  }

  /** Says that a second run of the handler does no harm. */
  setIdempotent(idempotent = true): this {
    this.idempotent = idempotent;
    return this;
  }

  /** Gets each value that the handler gives to `context.progress()`. */
  setOnProgress(onProgress: (value: unknown) => void): this {
    this.onProgress = onProgress;
    return this;
  }

  /** Gets the headers of the answer as soon as they come. */
  setOnHeaders(onHeaders: (headers: ReplyHeaders) => void): this {
    this.onHeaders = onHeaders;
    return this;
  }

  /** Whether it waits for a server when there is none, or fails. */
  setWhenNoServer(whenNoServer: WhenNoServer): this {
    this.whenNoServer = whenNoServer;
    return this;
  }

  /** @throws RpcError `INVALID_ARGUMENT` naming what cannot be sent: the key, the time-out, the headers, the delay. */
  build(): KafkaRpcRecord<T> {
    const { key, timeoutMs, headers, delayMs, at, idempotencyKey, detached, retry, idempotent } = this;
    const { onProgress, onHeaders, whenNoServer: wait } = this;
    checkListeners({ onProgress, onHeaders });
    keyBytes(key);
    checkCallRetry(retry, 'retry');
    return new KafkaRpcRecord(this.data as T, {
      ...(key !== undefined && { key }),
      ...(timeoutMs !== undefined && { timeoutMs: checkTimeoutMs(timeoutMs) }),
      ...(headers !== undefined && { headers: Object.freeze(checkHeaders(headers)) }),
      ...(idempotencyKey !== undefined && { idempotencyKey: checkIdempotencyKey(idempotencyKey) }),
      ...(delayMs !== undefined && { delayMs: checkDelayMs(delayMs) }),
      ...(at !== undefined && { at }),
      ...(detached !== undefined && { detached: checkBoolean('detached', detached) }),
      ...(retry !== undefined && { retry }),
      ...(idempotent !== undefined && { idempotent: checkBoolean('idempotent', idempotent) }),
      ...(onProgress !== undefined && { onProgress }),
      ...(onHeaders !== undefined && { onHeaders }),
      ...(wait !== undefined && { whenNoServer: checkWhenNoServer(wait, 'whenNoServer') }),
    });
  }
}

/** A uint32 on the wire. */
export const MAX_TIMEOUT_MS = 0x7fff_ffff;

/** @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkTimeoutMs = (value: unknown): number => checkInteger('timeoutMs', value, 1, MAX_TIMEOUT_MS);

/** A year: longer than any topic keeps a record by itself. */
const MAX_DELAY_MS = 365 * 24 * 60 * 60 * 1_000;

const checkDelayMs = (value: unknown): number => checkInteger('delayMs', value, 0, MAX_DELAY_MS);

/**
 * How long the start of the handler is put off, in milliseconds; 0 for not at all.
 * @param nowMs since the epoch, on the broker's clock
 * @throws RpcError `INVALID_ARGUMENT` naming the option.
 */
export const delayOf = ({ delayMs, at }: CallOptions, nowMs: number): number => {
  if (delayMs === undefined && at === undefined) return 0;
  if (at === undefined) return checkDelayMs(delayMs);
  if (delayMs !== undefined) throw invalidOption('at', at, 'left out where delayMs is given');
  const untilMs = Math.max(0, Math.ceil(checkTime('at', at) - nowMs));
  if (untilMs <= MAX_DELAY_MS) return untilMs;
  throw invalidOption('at', at, 'within a year from now');
};

/** @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkWhenNoServer = (value: unknown, name: string): WhenNoServer => {
  if (value === 'wait' || value === 'fail') return value;
  throw invalidOption(name, value, "'wait' or 'fail'");
};

const MAX_IDEMPOTENCY_KEY_BYTES = 255;

/** @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkIdempotencyKey = (value: unknown): string =>
  checkString('idempotencyKey', value, MAX_IDEMPOTENCY_KEY_BYTES);

/** @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkListeners = (options: {
  readonly [Name in 'onProgress' | 'onHeaders']?: CallOptions[Name] | undefined;
}): void => {
  for (const name of ['onProgress', 'onHeaders'] as const)
    if (options[name] !== undefined) checkFunction(name, options[name], 'of what is told');
};

export const keyBytes = (key: string | Buffer | undefined): Buffer | null => {
  if (key === undefined) return null;
  if (typeof key === 'string') return Buffer.from(key);
  if (Buffer.isBuffer(key)) return key;
  throw invalidOption('key', key, 'a string or a Buffer');
};

/** A copy, so that what was checked is what is sent. @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkHeaders = (headers: unknown): Record<string, string> => {
  const copy = copyOfHeaders(headers);
  if (Object.values(copy).every((value) => typeof value === 'string')) return copy as Record<string, string>;
  throw invalidOption('headers', headers, 'an object of strings');
};

/** Reads each header once: a getter may throw, or give something else the next time. */
const copyOfHeaders = (headers: unknown): Record<string, unknown> => {
  if (!isByName(headers) || headers instanceof Date)
    throw invalidOption(
      'headers',
      headers,
      'an object of strings, such as Object.fromEntries() makes of a Map',
    );
  return readOption('headers', () => ({ ...headers }));
};
