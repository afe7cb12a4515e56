import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';

/** What kafkajs puts on its errors; `type` is Kafka's name of a protocol error. */
interface KafkajsError extends Error {
  readonly type?: string;
  readonly cause?: unknown;
}

const STALE_METADATA = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'KAFKA_STORAGE_ERROR',
]);

const RETRIABLE = new Set([
  'CORRUPT_MESSAGE',
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'OFFSET_NOT_AVAILABLE',
]);

const CONNECTION_NAMES = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSLockTimeout',
  'KafkaJSTopicMetadataNotLoaded',
]);

const STATUSES: Readonly<Record<string, RpcStatus>> = {
  MESSAGE_TOO_LARGE: RpcStatus.RESOURCE_EXHAUSTED,
  RECORD_LIST_TOO_LARGE: RpcStatus.RESOURCE_EXHAUSTED,
  TOPIC_AUTHORIZATION_FAILED: RpcStatus.PERMISSION_DENIED,
  GROUP_AUTHORIZATION_FAILED: RpcStatus.PERMISSION_DENIED,
  CLUSTER_AUTHORIZATION_FAILED: RpcStatus.PERMISSION_DENIED,
  SASL_AUTHENTICATION_FAILED: RpcStatus.UNAUTHENTICATED,
  UNKNOWN_TOPIC_OR_PARTITION: RpcStatus.FAILED_PRECONDITION,
  INVALID_TOPIC_EXCEPTION: RpcStatus.INVALID_ARGUMENT,
  ILLEGAL_GENERATION: RpcStatus.ABORTED,
  UNKNOWN_MEMBER_ID: RpcStatus.ABORTED,
  REBALANCE_IN_PROGRESS: RpcStatus.ABORTED,
  FENCED_INSTANCE_ID: RpcStatus.ABORTED,
};

/** Kafka's name of what went wrong, looked for through kafkajs' wrappers. */
export const errorType = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  const { type, cause } = error as KafkajsError;
  return type ?? errorType(cause);
};

/** The broker could not be reached, or did not answer: nothing is known of the request's fate. */
export const isConnectionFailure = (error: unknown): boolean =>
  error instanceof Error && errorType(error) === undefined && CONNECTION_NAMES.has(error.name);

/** The metadata at hand is out of date. */
export const isStaleMetadata = (error: unknown): boolean => STALE_METADATA.has(errorType(error) ?? '');

/** The same request may succeed later. */
export const isRetriable = (error: unknown): boolean =>
  isConnectionFailure(error) || isStaleMetadata(error) || RETRIABLE.has(errorType(error) ?? '');

/** kafkajs' error as ours. `what` says what was tried: `produce to orders[3]`. */
export const toRpcError = (error: unknown, what: string): RpcError => {
  if (error instanceof RpcError) return error;
  const type = errorType(error);
  const reason = error instanceof Error ? error.message : String(error);
  const status = (type === undefined ? undefined : STATUSES[type]) ?? statusOfName(error);
  const isTooLarge = status === RpcStatus.RESOURCE_EXHAUSTED;
  return new RpcError(status, `Could not ${what}: ${reason}${hint(type)}`, {
    cause: error,
    // The same bytes will be too many again.
    ...(isTooLarge && { retryable: false }),
  });
};

const statusOfName = (error: unknown): RpcStatus =>
  error instanceof Error && error.name.includes('SASL') ? RpcStatus.UNAUTHENTICATED : RpcStatus.UNAVAILABLE;

const hint = (type: string | undefined): string => {
  switch (type) {
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return ". Raise the topic's max.message.bytes, or lower maxRecordBytes.";
    case 'TOPIC_AUTHORIZATION_FAILED':
    case 'GROUP_AUTHORIZATION_FAILED':
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return '. Grant the ACL that is missing.';
    default:
      return '';
  }
};
