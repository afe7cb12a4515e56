import { RpcException } from '@nestjs/microservices';
import { describeError } from '../diagnostics/describe-error.js';
import type { UserCode } from '../diagnostics/user-code.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { rpcErrorOfHttp } from './http-exception.js';
import { maskedException } from './masked-exceptions.js';

/** What callers are told of exceptions that were not made for them; false to tell them nothing. */
export type ExceptionMapping = ((exception: unknown) => RpcError | undefined) | false;

/** Which call it was. */
export interface FailedCall {
  readonly kind: 'request' | 'event';
  readonly pattern: string;
}

/** What a handler threw becomes the error of its call. */
export class HandlerFailures {
  /** @param onMasked told of a failure of which the caller hears nothing, and which Nest has not logged */
  constructor(
    private readonly mapException: ExceptionMapping,
    private readonly userCode: UserCode,
    private readonly onMasked: (line: string) => void,
  ) {}

  of(call: FailedCall, thrown: unknown): RpcError {
    const { kind, pattern } = call;
    const masked = maskedException(thrown);
    if (masked !== undefined) return this.mapped(masked.exception) ?? maskedError(masked.exception);
    if (!isUnforeseen(thrown)) return this.foreseen(call, RpcError.from(thrown));
    const mapped = this.mapped(thrown);
    if (mapped !== undefined) return mapped;
    // Nobody hears of an event's failure but the log, which has its text.
    if (kind === 'event') return RpcError.from(thrown);
    this.onMasked(
      `Call of "${pattern}" failed in a filter or hook${hintFor(thrown)}: ${describeError(thrown)}`,
    );
    return maskedError(thrown);
  }

  /** What a call of the handler's own failed with was made for the handler, not for its caller. */
  private foreseen({ kind, pattern }: FailedCall, error: RpcError): RpcError {
    if (error.origin === undefined || kind === 'event') return error;
    const mapped = this.mapped(error) ?? (this.mapException === false ? undefined : passedOn(pattern, error));
    if (mapped !== undefined) return mapped;
    this.onMasked(`Call of "${pattern}" failed, masked, as a call that it made: ${describeError(error)}`);
    return maskedError(error);
  }

  /** What the sender of an event would be told of its failure, if it could be: all that is kept of it outside of this process. */
  told(pattern: string, error: RpcError): RpcError {
    if (error.origin === undefined) return isMadeOf(error, error.cause) ? maskedError(error.cause) : error;
    return this.mapException === false
      ? maskedError(error)
      : (passedOn(pattern, error) ?? maskedError(error));
  }

  private mapped(exception: unknown): RpcError | undefined {
    const { mapException } = this;
    if (mapException === false) return undefined;
    let mapped: unknown;
    this.userCode.run('exception mapping', () => (mapped = mapException(exception)));
    return mapped instanceof RpcError ? RpcError.from(mapped) : rpcErrorOfHttp(exception);
  }
}

/** What helps a chain of callers to wait, to give up, or to try again. */
const AVAILABILITY: ReadonlySet<RpcStatus> = new Set([
  RpcStatus.UNAVAILABLE,
  RpcStatus.DEADLINE_EXCEEDED,
  RpcStatus.RESOURCE_EXHAUSTED,
]);

const passedOn = (pattern: string, cause: RpcError): RpcError | undefined => {
  const { status, retryable } = cause;
  if (!AVAILABILITY.has(status)) return undefined;
  return new RpcError(status, `A call made by the handler of "${pattern}" failed: ${status}.`, {
    retryable,
    cause,
  });
};

/**
 * Whether it is an error that nobody made for a caller. What Nest's filters hand on is none: it is a plain object, a text or an
 * `RpcException`. So it is what a filter or a hook threw itself, or a proxy that does not say what it is.
 */
const isUnforeseen = (thrown: unknown): boolean =>
  isSo(
    () => thrown instanceof Error && !(thrown instanceof RpcException) && !(thrown instanceof RpcError),
    true,
  );

/** Whether its text is that of an exception that nobody made for a caller. */
const isMadeOf = ({ status, message }: RpcError, thrown: unknown): boolean =>
  status === RpcStatus.UNKNOWN &&
  isUnforeseen(thrown) &&
  isSo(() => (thrown as Error).message === message, true);

/** A proxy may throw at whatever it is asked. */
const isSo = (test: () => boolean, otherwise: boolean): boolean => {
  try {
    return test();
  } catch {
    return otherwise;
  }
};

/** Nest's own words. */
const maskedError = (cause: unknown): RpcError =>
  new RpcError(RpcStatus.INTERNAL, 'Internal server error', { cause });

/** A filter that takes the context of a call for an HTTP response calls methods that are not there. */
const hintFor = (thrown: unknown): string =>
  isSo(() => thrown instanceof TypeError, false)
    ? ' (if that is a filter made for HTTP, which inheritAppConfig has run for RPC handlers too, begin its catch() with ' +
      "`if (host.getType() === 'rpc') return throwError(() => exception);`)"
    : '';
