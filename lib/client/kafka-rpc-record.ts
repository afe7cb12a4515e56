import { checkInteger, checkNames, invalidOption } from '../errors/option-checks.js';

/** Options of one call or event. */
export interface CallOptions {
  /** The deadline of the call, in milliseconds. @default the client's `timeoutMs` */
  readonly timeoutMs?: number;
  /** Calls with the same key run one after the other, in the order sent. @default none: any partition */
  readonly key?: string | Buffer;
  /** Headers for the handler: `context.getHeaders()`. They override the client's `headers`. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
}

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
    checkNames('A call', options, ['timeoutMs', 'key', 'headers']);
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

// On the prototype: no record pays for it.
Object.defineProperty(KafkaRpcRecord.prototype, BRAND, { value: true });

/**
 * Builds what `send()` and `emit()` take in place of bare data, as Nest's own record builders do. It copies what it is given
 * but the data: a record that was built does not change any more.
 *
 *     client.send('sum.add', new KafkaRpcRecordBuilder(terms).setKey('k').setTimeout(2_000).build());
 */
export class KafkaRpcRecordBuilder<T = unknown> {
  private key: string | Buffer | undefined;
  private timeoutMs: number | undefined;
  private headers: Readonly<Record<string, string>> | undefined;

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

  /** Those set before stay; of two with one name the later wins. @throws RpcError `INVALID_ARGUMENT` for what is no object. */
  setHeaders(headers: Readonly<Record<string, string>>): this {
    checkIsRecord(headers);
    this.headers = { ...this.headers, ...headers };
    return this;
  }

  setHeader(name: string, value: string): this {
    return this.setHeaders({ [name]: value });
  }

  /** @throws RpcError `INVALID_ARGUMENT` naming what cannot be sent: the key, the time-out, the headers. */
  build(): KafkaRpcRecord<T> {
    const { key, timeoutMs, headers } = this;
    keyBytes(key);
    return new KafkaRpcRecord(this.data as T, {
      ...(key !== undefined && { key }),
      ...(timeoutMs !== undefined && { timeoutMs: checkTimeoutMs(timeoutMs) }),
      ...(headers !== undefined && { headers: Object.freeze({ ...checkHeaders(headers) }) }),
    });
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
  const record = checkIsRecord(headers);
  if (Object.values(record).every((value) => typeof value === 'string'))
    return record as Record<string, string>;
  throw invalidHeaders(headers);
};

const checkIsRecord = (headers: unknown): object => {
  if (typeof headers === 'object' && headers !== null && !Array.isArray(headers)) return headers;
  throw invalidHeaders(headers);
};

const invalidHeaders = (headers: unknown): Error => invalidOption('headers', headers, 'an object of strings');
