import { httpStatusOf, isHttpError, statusOfHttp } from '../../../lib/errors/http-status.js';
import { RpcStatus } from '../../../lib/errors/status.js';

describe('statuses and those of HTTP', () => {
  it.each(Object.values(RpcStatus))('have an error of HTTP for each: %s', (status) => {
    expect(isHttpError(httpStatusOf(status))).toBe(true);
  });

  it.each([
    RpcStatus.CANCELLED,
    RpcStatus.INVALID_ARGUMENT,
    RpcStatus.DEADLINE_EXCEEDED,
    RpcStatus.NOT_FOUND,
    RpcStatus.ALREADY_EXISTS,
    RpcStatus.PERMISSION_DENIED,
    RpcStatus.RESOURCE_EXHAUSTED,
    RpcStatus.UNIMPLEMENTED,
    RpcStatus.INTERNAL,
    RpcStatus.UNAVAILABLE,
    RpcStatus.UNAUTHENTICATED,
  ])('come back as they went: %s', (status) => {
    expect(statusOfHttp(httpStatusOf(status))).toBe(status);
  });

  it.each([
    [418, 'FAILED_PRECONDITION'],
    [422, 'INVALID_ARGUMENT'],
    [502, 'UNAVAILABLE'],
    [599, 'INTERNAL'],
    [302, 'UNKNOWN'],
    [404.5, 'UNKNOWN'],
  ])('take an HTTP status without a name of its own for what is nearest: %d', (code, status) => {
    expect(statusOfHttp(code)).toBe(status);
  });
});
