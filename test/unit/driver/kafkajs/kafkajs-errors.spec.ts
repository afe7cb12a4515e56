import {
  KafkaJSConnectionError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
  KafkaJSSASLAuthenticationError,
} from 'kafkajs';
import {
  errorType,
  isConnectionFailure,
  isRetriable,
  isStaleMetadata,
  toRpcError,
} from '../../../../lib/driver/kafkajs/kafkajs-errors.js';
import { RpcError } from '../../../../lib/errors/rpc-error.js';
import { RpcStatus } from '../../../../lib/errors/status.js';

/** kafkajs' typings of its errors leave out how they are made. */
const protocolError = (type: string, message = type): Error =>
  Reflect.construct(KafkaJSProtocolError, [{ type, message, code: 0, retriable: false }]) as Error;

const exceeded = (cause: Error): Error =>
  Reflect.construct(KafkaJSNumberOfRetriesExceeded, [cause, { retryCount: 5, retryTime: 1_000 }]) as Error;

const refusedConnection = (): Error => Reflect.construct(KafkaJSConnectionError, ['refused', {}]) as Error;

describe("kafkajs' errors", () => {
  it.each([
    ['MESSAGE_TOO_LARGE', RpcStatus.RESOURCE_EXHAUSTED],
    ['RECORD_LIST_TOO_LARGE', RpcStatus.RESOURCE_EXHAUSTED],
    ['TOPIC_AUTHORIZATION_FAILED', RpcStatus.PERMISSION_DENIED],
    ['GROUP_AUTHORIZATION_FAILED', RpcStatus.PERMISSION_DENIED],
    ['ILLEGAL_GENERATION', RpcStatus.ABORTED],
    ['UNKNOWN_MEMBER_ID', RpcStatus.ABORTED],
    ['REBALANCE_IN_PROGRESS', RpcStatus.ABORTED],
    ['NOT_LEADER_FOR_PARTITION', RpcStatus.UNAVAILABLE],
    ['REQUEST_TIMED_OUT', RpcStatus.UNAVAILABLE],
  ])('become %s → %s', (type, status) => {
    const cause = protocolError(type);

    const error = toRpcError(cause, 'produce to orders[3]');

    expect(error).toMatchObject({ status, cause });
    expect(error.message).toContain('produce to orders[3]');
  });

  it('become UNAVAILABLE when the broker cannot be reached, UNAUTHENTICATED when it refuses the credentials', () => {
    const sasl = Reflect.construct(KafkaJSSASLAuthenticationError, ['wrong password']) as Error;

    expect(toRpcError(refusedConnection(), 'connect').status).toBe(RpcStatus.UNAVAILABLE);
    expect(toRpcError(sasl, 'connect').status).toBe(RpcStatus.UNAUTHENTICATED);
  });

  it('pass an RpcError on as it is', () => {
    const error = new RpcError(RpcStatus.ABORTED, 'already ours');

    expect(toRpcError(error, 'anything')).toBe(error);
  });

  it('say of a batch that is too large what to do, and that sending it again is of no use', () => {
    const error = toRpcError(protocolError('MESSAGE_TOO_LARGE'), 'produce');

    expect(error.message).toContain('max.message.bytes');
    expect(error.retryable).toBe(false);
  });

  it("are looked for through kafkajs' wrappers", () => {
    expect(errorType(exceeded(protocolError('NOT_LEADER_FOR_PARTITION')))).toBe('NOT_LEADER_FOR_PARTITION');
    expect(errorType(refusedConnection())).toBeUndefined();
    expect(errorType('thrown text')).toBeUndefined();
  });

  it('tell a lost connection from a refusal, and stale metadata from both', () => {
    const timedOut = Reflect.construct(KafkaJSRequestTimeoutError, ['timed out', {}]) as Error;

    expect([refusedConnection(), timedOut, exceeded(timedOut)].every(isConnectionFailure)).toBe(true);
    expect(isConnectionFailure(protocolError('NOT_LEADER_FOR_PARTITION'))).toBe(false);
    expect(isStaleMetadata(protocolError('NOT_LEADER_FOR_PARTITION'))).toBe(true);
    expect(isStaleMetadata(refusedConnection())).toBe(false);
  });

  it('are worth another try when they pass by themselves', () => {
    expect(isRetriable(refusedConnection())).toBe(true);
    expect(isRetriable(protocolError('LEADER_NOT_AVAILABLE'))).toBe(true);
    expect(isRetriable(protocolError('NOT_ENOUGH_REPLICAS'))).toBe(true);
    expect(isRetriable(protocolError('MESSAGE_TOO_LARGE'))).toBe(false);
    expect(isRetriable(protocolError('TOPIC_AUTHORIZATION_FAILED'))).toBe(false);
    expect(isRetriable(new TypeError('a bug'))).toBe(false);
  });
});
