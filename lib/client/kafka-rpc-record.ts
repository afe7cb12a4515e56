import { checkInteger, checkNames, invalidOption } from '../errors/option-checks.js';

/** What may be said of a single call or event. */
export interface CallOptions {
  /** How long the caller waits, in milliseconds. @default the client's `timeoutMs` */
  readonly timeoutMs?: number;
  /** Calls with the same key go to the same partition and run in the order sent. @default none: any partition */
  readonly key?: string | Buffer;
  /** Seen by the handler through `context.getHeaders()`. Win over the client's `headers`. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Data together with the options of the call that carries it; made by `KafkaRpcRecordBuilder`. */
export class KafkaRpcRecord<T = unknown> {
  constructor(
    readonly data: T,
    readonly options: CallOptions,
  ) {
    checkNames('A call', options, ['timeoutMs', 'key', 'headers']);
  }
}

/**
 * Builds what `send()` and `emit()` take in place of bare data, as Nest's own record builders do.
 *
 *     client.send('sum.add', new KafkaRpcRecordBuilder(terms).setKey('k').setTimeout(2_000).build());
 */
export class KafkaRpcRecordBuilder<T = unknown> {
  private options: CallOptions = {};

  constructor(private readonly data: T) {}

  setKey(key: string | Buffer): this {
    return this.set({ key });
  }

  /** Milliseconds. */
  setTimeout(timeoutMs: number): this {
    return this.set({ timeoutMs });
  }

  setHeaders(headers: Readonly<Record<string, string>>): this {
    return this.set({ headers });
  }

  build(): KafkaRpcRecord<T> {
    return new KafkaRpcRecord(this.data, this.options);
  }

  private set(options: CallOptions): this {
    this.options = { ...this.options, ...options };
    return this;
  }
}

/** A uint32 on the wire. */
export const MAX_TIMEOUT_MS = 0x7fff_ffff;

/** @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkTimeoutMs = (value: unknown): number => checkInteger('timeoutMs', value, 1, MAX_TIMEOUT_MS);

export const keyBytes = (key: string | Buffer | undefined): Buffer | null => {
  if (key === undefined) return null;
  if (typeof key === 'string') return Buffer.from(key);
  if (Buffer.isBuffer(key)) return key;
  throw invalidOption('key', key, 'a string or a Buffer');
};

export const checkHeaders = (headers: unknown): Readonly<Record<string, string>> => {
  const isRecord = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  if (isRecord && Object.values(headers).every((value) => typeof value === 'string')) {
    return headers as Record<string, string>;
  }
  throw invalidOption('headers', headers, 'an object of strings');
};
