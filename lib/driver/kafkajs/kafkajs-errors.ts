import { codeOfCause, RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { adviceOfSocket, adviceOfType, type Advice } from './error-advice.js';

/** What kafkajs puts on its errors; `type` is Kafka's name of a protocol error. */
interface KafkajsError extends Error {
  readonly type?: string;
  /** Node's name of what is wrong with a socket, or Kafka's number of a protocol error. */
  readonly code?: string | number;
  readonly cause?: unknown;
  /** Of an aggregate: one for each topic. */
  readonly errors?: readonly unknown[];
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

/** Kafka's name of what went wrong, looked for through kafkajs' wrappers. */
export const errorType = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  const { type, cause, errors } = error as KafkajsError;
  return type ?? errorType(cause) ?? errorType(errors?.[0]);
};

/** The broker could not be reached, or did not answer: nothing is known of the request's fate. */
export const isConnectionFailure = (error: unknown): boolean =>
  error instanceof Error &&
  errorType(error) === undefined &&
  !isHopeless(error) &&
  CONNECTION_NAMES.has(error.name);

/** The broker did not let us in, or was not let in, and will not the next time: a certificate, a password. */
export const isHopeless = (error: unknown): boolean =>
  adviceOfSocket(codeOfCause(error)) !== undefined || (error instanceof Error && error.name.includes('SASL'));

/** The metadata at hand is out of date. */
export const isStaleMetadata = (error: unknown): boolean => STALE_METADATA.has(errorType(error) ?? '');

/** The same request may succeed later. */
export const isRetriable = (error: unknown): boolean =>
  isConnectionFailure(error) || isStaleMetadata(error) || RETRIABLE.has(errorType(error) ?? '');

/** kafkajs' error as ours. `what` says what was tried: `produce to orders[3]`. */
export const toRpcError = (error: unknown, what: string): RpcError => {
  if (error instanceof RpcError) return error;
  const advice = adviceOn(error);
  const { status = RpcStatus.UNAVAILABLE, todo } = advice ?? {};
  const isTooLarge = status === RpcStatus.RESOURCE_EXHAUSTED;
  return new RpcError(
    status,
    `Could not ${what}: ${reasonOf(error)}${todo === undefined ? '' : `. ${todo}`}`,
    {
      cause: error,
      // The same bytes will be too many again.
      ...(isTooLarge && { retryable: false }),
    },
  );
};

/** What the broker would not let us do. @param resource such as `topic rpc.replies` */
export const notPermitted = (operation: string, resource: string, cause?: unknown): RpcError =>
  new RpcError(
    RpcStatus.PERMISSION_DENIED,
    `${operation} on ${resource} is not permitted: grant it to this principal (an ACL).`,
    { cause },
  );

const adviceOn = (error: unknown): Advice | undefined => {
  const type = errorType(error);
  if (type !== undefined) return adviceOfType(type);
  const { name } = error as Error;
  if (name === 'KafkaJSServerDoesNotSupportApiKey') return adviceOfType('UNSUPPORTED_VERSION');
  if (name?.includes('SASL')) return adviceOfType('SASL_AUTHENTICATION_FAILED');
  return adviceOfSocket(codeOfCause(error));
};

/** The causes of an aggregate are what is to be read, not that there are some. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { errors, message } = error as KafkajsError;
  if (errors === undefined || errors.length === 0) return message;
  const causes = errors.map((each) => {
    const { topic, message: text } = each as { topic?: string; message?: string };
    return topic === undefined ? String(text) : `${topic}: ${text}`;
  });
  return causes.join('; ');
};
