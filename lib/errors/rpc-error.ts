import { RpcException } from '@nestjs/microservices';
import { isHttpError, statusOfHttp } from './http-status.js';
import { isRetryable, isRpcStatus, RpcStatus } from './status.js';

const BRAND = Symbol.for('nestjs-kafka-rpc.RpcError');

export interface RpcErrorOptions {
  /** Data for the caller. The serializer must be able to send it. */
  readonly details?: unknown;
  /**
   * When the same call may succeed, in milliseconds from now, as a whole number from 0. It is sent as `details.retryAfterMs`: beside the
   * members of details that are a plain object, else beside them as `details.value`. @default not said
   */
  readonly retryAfterMs?: number;
  /** Whether the same call may succeed later. Defaults to the rule of the status. */
  readonly retryable?: boolean;
  /** The error behind it. It stays in this process. */
  readonly cause?: unknown;
}

/**
 * The error of every failed call, on both sides.
 *
 * A Nest `RpcException`, so that Nest's filters pass it on unmasked when a handler throws it
 * (docs/decisions/0001-rpc-error-is-an-rpc-exception.md). `instanceof` holds across two copies of the package.
 */
export class RpcError extends RpcException {
  override readonly name = 'RpcError';
  readonly status: RpcStatus;
  declare readonly details?: unknown;
  readonly retryable: boolean;
  declare readonly cause?: unknown;
  /**
   * On what a call failed with: `server` when the server answered with it, `client` when it was found on this side. Undefined for
   * an error that somebody threw.
   */
  declare readonly origin?: 'server' | 'client';

  constructor(status: RpcStatus, message: string, options: RpcErrorOptions = {}) {
    super(message);
    this.status = status;
    this.retryable = options.retryable ?? isRetryable(status);
    const details = withPushback(options);
    if (details !== undefined) this.details = details;
    if (options.cause !== undefined) Object.defineProperty(this, 'cause', { value: options.cause });
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== RpcError) return Function.prototype[Symbol.hasInstance].call(this, value);
    try {
      return typeof value === 'object' && value !== null && BRAND in value;
    } catch {
      // A proxy that cannot be asked.
      return false;
    }
  }

  /**
   * Any thrown value as an RpcError: itself, an `RpcException` by its content, anything else as `UNKNOWN`.
   * A content has its status as `status`, by name, or as an HTTP status in `status`, `statusCode` or `code`. What Nest's filters
   * produced for an unknown error keeps their masked text and is `INTERNAL`.
   */
  static from(thrown: unknown): RpcError {
    try {
      return RpcError.fromAny(thrown);
    } catch {
      // A getter of what was thrown throws, or it has no text.
      return new RpcError(RpcStatus.UNKNOWN, 'Something was thrown that cannot be shown.', { cause: thrown });
    }
  }

  private static fromAny(thrown: unknown): RpcError {
    if (thrown instanceof RpcError) return readable(thrown);
    if (thrown instanceof RpcException) return RpcError.fromContent(thrown.getError(), thrown);
    if (thrown instanceof Error) return new RpcError(RpcStatus.UNKNOWN, thrown.message, { cause: thrown });
    return RpcError.fromContent(thrown);
  }

  private static fromContent(content: unknown, cause?: unknown): RpcError {
    if (content instanceof RpcError) return readable(content);
    if (typeof content !== 'object' || content === null) {
      const text = String(content);
      return new RpcError(NEST_TEXTS.get(text) ?? RpcStatus.UNKNOWN, text, { cause });
    }
    const { status, message } = content as { status?: unknown; message?: unknown };
    const text = textOf(Array.isArray(content) ? content : message);
    const isNestShape = status === 'error' && Object.keys(content).length === 2;
    const told = isNestShape ? (NEST_TEXTS.get(text) ?? RpcStatus.UNKNOWN) : statedStatus(content);
    return new RpcError(told, text, { details: isNestShape ? undefined : content, cause });
  }

  /** What Nest's exception filters hand on: the error itself, not a plain object. */
  override getError(): this {
    return this;
  }

  /** The `code` of its details, or Node's name of what is wrong with a connection, such as `ECONNREFUSED`. */
  get code(): string | number | undefined {
    return codeOf(this.details) ?? codeOfCause(this.cause);
  }

  /** When the same call may succeed, in milliseconds: the `retryAfterMs` of its details, if that is a number from 0. */
  get retryAfterMs(): number | undefined {
    const { details } = this;
    if (typeof details !== 'object' || details === null) return undefined;
    const { retryAfterMs } = details as { readonly retryAfterMs?: unknown };
    const isTime = typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs) && retryAfterMs >= 0;
    return isTime ? retryAfterMs : undefined;
  }

  toJSON(): Record<string, unknown> {
    return {
      name: this.name,
      status: this.status,
      message: this.message,
      details: this.details,
      retryable: this.retryable,
    };
  }
}

const withPushback = ({ details, retryAfterMs }: RpcErrorOptions): unknown => {
  if (retryAfterMs === undefined) return details;
  if (details === undefined || isPlainObject(details)) return { ...details, retryAfterMs };
  return { value: details, retryAfterMs };
};

export const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** What is read of an error on its way to a caller. @throws what a getter of a subclass, or a proxy, throws. */
const readable = (error: RpcError): RpcError => {
  for (const name of READ) Reflect.get(error, name);
  return error;
};

const READ = ['status', 'message', 'retryable', 'details', 'origin'] as const;

/** Notes where the error of a call comes from, unless it is known. */
export const fromCall = (error: RpcError, origin: NonNullable<RpcError['origin']>): RpcError => {
  if (error.origin === undefined) Reflect.defineProperty(error, 'origin', { value: origin });
  return error;
};

const codeOf = (owner: unknown): string | number | undefined => {
  if (typeof owner !== 'object' || owner === null) return undefined;
  const { code } = owner as { readonly code?: unknown };
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
};

/** As deep as a cause of a cause of kafkajs goes. */
const MAX_CAUSES = 8;

/** Node's name of what is wrong with a connection, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`: the first in a chain of causes. */
export const codeOfCause = (cause: unknown): string | undefined => {
  let inner = cause;
  for (let i = 0; i < MAX_CAUSES && inner instanceof Error; i++) {
    const code = codeOf(inner);
    if (typeof code === 'string') return code;
    inner = inner.cause;
  }
  return undefined;
};

/** What Nest itself says: for an error that it masks, and for a guard that says no. */
const NEST_TEXTS: ReadonlyMap<string, RpcStatus> = new Map([
  ['Internal server error', RpcStatus.INTERNAL],
  ['Forbidden resource', RpcStatus.PERMISSION_DENIED],
]);

/** The status that the content of an `RpcException` names: ours, or one of HTTP. */
const statedStatus = (content: object): RpcStatus => {
  const { status, statusCode, code } = content as Readonly<Record<string, unknown>>;
  if (isRpcStatus(status)) return status;
  const number = [status, statusCode, code].find(isHttpError);
  return number === undefined ? RpcStatus.UNKNOWN : statusOfHttp(number);
};

/** Several texts, as validation gives them, are joined. */
const textOf = (message: unknown): string => {
  const texts = (Array.isArray(message) ? message : [message]).filter((text) => typeof text === 'string');
  return texts.length === 0 ? 'The handler failed without a message.' : texts.join(', ');
};
