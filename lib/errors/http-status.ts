import { RpcStatus } from './status.js';

/** As Google's APIs have them. 499 is nginx's number for a client that has gone. */
const HTTP: Readonly<Record<RpcStatus, number>> = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
};

/**
 * The way back. A conflict is taken for something that is there already, not for `ABORTED`: that would say that the same call may
 * succeed later.
 */
const RPC: ReadonlyMap<number, RpcStatus> = new Map([
  [400, RpcStatus.INVALID_ARGUMENT],
  [401, RpcStatus.UNAUTHENTICATED],
  [403, RpcStatus.PERMISSION_DENIED],
  [404, RpcStatus.NOT_FOUND],
  [405, RpcStatus.UNIMPLEMENTED],
  [406, RpcStatus.INVALID_ARGUMENT],
  [408, RpcStatus.DEADLINE_EXCEEDED],
  [409, RpcStatus.ALREADY_EXISTS],
  [410, RpcStatus.NOT_FOUND],
  [413, RpcStatus.INVALID_ARGUMENT],
  [415, RpcStatus.INVALID_ARGUMENT],
  [416, RpcStatus.OUT_OF_RANGE],
  [422, RpcStatus.INVALID_ARGUMENT],
  [429, RpcStatus.RESOURCE_EXHAUSTED],
  [499, RpcStatus.CANCELLED],
  [501, RpcStatus.UNIMPLEMENTED],
  [502, RpcStatus.UNAVAILABLE],
  [503, RpcStatus.UNAVAILABLE],
  [504, RpcStatus.DEADLINE_EXCEEDED],
]);

/** The HTTP status that says the same. */
export const httpStatusOf = (status: RpcStatus): number => HTTP[status];

/** The status that says the same as an HTTP status; `UNKNOWN` for one that is no error. */
export const statusOfHttp = (code: number): RpcStatus => {
  if (!isHttpError(code)) return RpcStatus.UNKNOWN;
  return RPC.get(code) ?? (code < 500 ? RpcStatus.FAILED_PRECONDITION : RpcStatus.INTERNAL);
};

export const isHttpError = (code: unknown): code is number =>
  typeof code === 'number' && Number.isInteger(code) && code >= 400 && code < 600;
