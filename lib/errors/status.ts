/**
 * The closed set of outcomes of a failed call, named as gRPC names them.
 * @see https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
export const RpcStatus = {
  CANCELLED: 'CANCELLED',
  UNKNOWN: 'UNKNOWN',
  INVALID_ARGUMENT: 'INVALID_ARGUMENT',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
  NOT_FOUND: 'NOT_FOUND',
  ALREADY_EXISTS: 'ALREADY_EXISTS',
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  RESOURCE_EXHAUSTED: 'RESOURCE_EXHAUSTED',
  FAILED_PRECONDITION: 'FAILED_PRECONDITION',
  ABORTED: 'ABORTED',
  OUT_OF_RANGE: 'OUT_OF_RANGE',
  UNIMPLEMENTED: 'UNIMPLEMENTED',
  INTERNAL: 'INTERNAL',
  UNAVAILABLE: 'UNAVAILABLE',
  DATA_LOSS: 'DATA_LOSS',
  UNAUTHENTICATED: 'UNAUTHENTICATED',
} as const;

export type RpcStatus = (typeof RpcStatus)[keyof typeof RpcStatus];

/** gRPC's numbers: what stands on the wire. */
const CODES: Readonly<Record<RpcStatus, number>> = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

const STATUSES: ReadonlyMap<number, RpcStatus> = new Map(
  Object.entries(CODES).map(([status, code]) => [code, status as RpcStatus]),
);

/** The number of a status on the wire. */
export const statusCode = (status: RpcStatus): number => CODES[status];

/** The status of a number on the wire; `UNKNOWN` for one that this version does not know. */
export const statusOfCode = (code: number): RpcStatus => STATUSES.get(code) ?? RpcStatus.UNKNOWN;

export const isRpcStatus = (value: unknown): value is RpcStatus =>
  typeof value === 'string' && Object.hasOwn(CODES, value);

/** Whether trying the same call again, later, may succeed without a change by the caller. */
export const isRetryable = (status: RpcStatus): boolean =>
  status === RpcStatus.UNAVAILABLE || status === RpcStatus.RESOURCE_EXHAUSTED || status === RpcStatus.ABORTED;
