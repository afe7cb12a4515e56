import { STATUS_CODES } from 'node:http';
import { httpStatusOf, isHttpError, statusOfHttp } from '../errors/http-status.js';
import { saysReplyTooLarge } from '../errors/reply-too-large.js';
import type { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

/** What the world is told of an error. */
export interface HttpAnswer {
  readonly statusCode: number;
  /** In seconds, for the header `Retry-After`. */
  readonly retryAfter: number | undefined;
  readonly body: object;
}

/** What of an error of this side may be told: the rest is about topics and settings, and nothing that a user did. */
const TOLD_OF_THIS_SIDE: ReadonlySet<RpcStatus> = new Set([
  RpcStatus.UNAVAILABLE,
  RpcStatus.DEADLINE_EXCEEDED,
  RpcStatus.RESOURCE_EXHAUSTED,
  RpcStatus.CANCELLED,
]);

/**
 * An error in HTTP's terms. The text and the details of an error that a server or the app itself made are told where it is the
 * client's to mend (4xx); of everything else only the status.
 */
export const httpAnswer = (error: RpcError, retryAfterSeconds: number): HttpAnswer => {
  const statusCode = statusCodeOf(error);
  return {
    statusCode,
    retryAfter:
      error.retryable && RETRY_LATER.has(statusCode) ? secondsOf(error, retryAfterSeconds) : undefined,
    body:
      statusCode < 500 && error.origin !== 'client'
        ? wholeBody(error, statusCode)
        : bareBody(error, statusCode),
  };
};

const RETRY_LATER: ReadonlySet<number> = new Set([429, 503]);

/** An HTTP status that a handler gave, 422 for instance, and that its own status stands for, is kept. */
const statusCodeOf = (error: RpcError): number => {
  if (error.origin === 'client' && !TOLD_OF_THIS_SIDE.has(error.status)) return 500;
  // It is too large for a record: nothing else that this side runs out of stays used up.
  if (error.origin === 'client' && error.status === RpcStatus.RESOURCE_EXHAUSTED && !error.retryable)
    return 413;
  // No limit that the user has used up: the service has more to say than a record holds.
  if (saysReplyTooLarge(error)) return 500;
  const given = memberOf(error.details, 'statusCode');
  return isHttpError(given) && statusOfHttp(given) === error.status ? given : httpStatusOf(error.status);
};

const secondsOf = ({ details }: RpcError, otherwise: number): number => {
  const ms = memberOf(details, 'retryAfterMs');
  return typeof ms === 'number' && ms >= 0 && ms < MAX_RETRY_MS ? Math.ceil(ms / 1_000) : otherwise;
};

/** A day. */
const MAX_RETRY_MS = 86_400_000;

/** What an HttpException had for its response is the response here too. */
const wholeBody = ({ status, message, details }: RpcError, statusCode: number): object => {
  if (memberOf(details, 'statusCode') === statusCode) return details as object;
  const body = { statusCode, error: reasonOf(statusCode), message, status };
  return details === undefined ? body : { ...body, details };
};

const bareBody = ({ status }: RpcError, statusCode: number): object => {
  const reason = reasonOf(statusCode);
  return statusCode === 500
    ? { statusCode, message: reason }
    : { statusCode, error: reason, message: reason, status };
};

const reasonOf = (statusCode: number): string =>
  statusCode === 500 ? 'Internal server error' : (STATUS_CODES[statusCode] ?? 'Client Closed Request');

const memberOf = (owner: unknown, name: string): unknown =>
  typeof owner === 'object' && owner !== null
    ? (owner as Readonly<Record<string, unknown>>)[name]
    : undefined;
