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

  it.each([
    ['INVALID_REPLICATION_FACTOR', RpcStatus.FAILED_PRECONDITION, 'replicationFactor'],
    ['INVALID_SESSION_TIMEOUT', RpcStatus.FAILED_PRECONDITION, 'sessionTimeoutMs'],
    ['INCONSISTENT_GROUP_PROTOCOL', RpcStatus.FAILED_PRECONDITION, 'groupId'],
    ['POLICY_VIOLATION', RpcStatus.FAILED_PRECONDITION, 'policy'],
    ['UNSUPPORTED_VERSION', RpcStatus.FAILED_PRECONDITION, '2.4'],
    ['INVALID_PARTITIONS', RpcStatus.INVALID_ARGUMENT, 'partitions'],
    ['CLUSTER_AUTHORIZATION_FAILED', RpcStatus.PERMISSION_DENIED, 'Create'],
    ['GROUP_AUTHORIZATION_FAILED', RpcStatus.PERMISSION_DENIED, 'Read on the group'],
    ['UNSUPPORTED_SASL_MECHANISM', RpcStatus.UNAUTHENTICATED, 'sasl'],
  ])('name for %s what to change, and are not worth a retry', (type, status, todo) => {
    const error = toRpcError(protocolError(type), 'join group g');

    expect(error).toMatchObject({ status, retryable: false });
    expect(error.message).toContain(todo);
  });

  it('say the causes that stand inside of an aggregate, each with its topic', () => {
    const causes = ['orders', 'bills'].map((topic) =>
      Object.assign(protocolError('TOPIC_AUTHORIZATION_FAILED', 'Not authorized'), { topic }),
    );
    const aggregate = Object.assign(new Error('Topic creation errors'), { errors: causes });

    const error = toRpcError(aggregate, 'prepare the topics orders, bills');

    expect(error.status).toBe(RpcStatus.PERMISSION_DENIED);
    expect(error.message).toContain('orders: Not authorized; bills: Not authorized');
  });

  it.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', RpcStatus.UNAUTHENTICATED],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', RpcStatus.UNAUTHENTICATED],
    ['CERT_HAS_EXPIRED', RpcStatus.UNAUTHENTICATED],
    ['ERR_TLS_CERT_ALTNAME_INVALID', RpcStatus.UNAUTHENTICATED],
    ['ERR_SSL_WRONG_VERSION_NUMBER', RpcStatus.FAILED_PRECONDITION],
    ['EPROTO', RpcStatus.FAILED_PRECONDITION],
  ])('name the option ssl for a socket that failed with %s, and are not worth a retry', (code, status) => {
    const socket = Reflect.construct(KafkaJSConnectionError, [
      `Connection error: ${code}`,
      { code },
    ]) as Error;

    expect(toRpcError(socket, 'connect')).toMatchObject({ status, retryable: false });
    expect(toRpcError(socket, 'connect').message).toContain('ssl');
    expect(isConnectionFailure(socket)).toBe(false);
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
