import { isRetryable, isRpcStatus, RpcStatus, statusCode, statusOfCode } from '../../../lib/errors/status.js';

describe('RpcStatus', () => {
  it('has gRPC’s names and numbers', () => {
    const numbers = Object.values(RpcStatus).map((status) => [status, statusCode(status)]);
    expect(Object.fromEntries(numbers)).toEqual({
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
    });
  });

  it('comes back from its number, and an unknown number as UNKNOWN', () => {
    for (const status of Object.values(RpcStatus)) expect(statusOfCode(statusCode(status))).toBe(status);
    for (const code of [0, 17, 255, -1, NaN]) expect(statusOfCode(code)).toBe('UNKNOWN');
  });

  it('is known by its name', () => {
    expect(isRpcStatus('NOT_FOUND')).toBe(true);
    for (const other of ['OK', 'not_found', '', 'toString', '__proto__', 5, null]) {
      expect(isRpcStatus(other)).toBe(false);
    }
  });

  it('says whether the same call may succeed later', () => {
    const retryable = Object.values(RpcStatus).filter(isRetryable);
    expect(retryable.sort()).toEqual(['ABORTED', 'RESOURCE_EXHAUSTED', 'UNAVAILABLE']);
  });
});
