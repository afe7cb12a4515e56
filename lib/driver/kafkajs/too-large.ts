import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { within } from './backoff.js';
import { toRpcError } from './kafkajs-errors.js';
import type { SequencedBatch } from './sequenced-batch.js';

/** What a topic takes as one batch, in bytes; undefined where that may not be asked. */
export type LimitOf = (topic: string) => Promise<number | undefined>;

/** So long a batch that has failed waits for the number to name. */
const LIMIT_KNOWN_WITHIN_MS = 500;

/** The error of a batch that the broker finds too large: with what it has and what its topic takes, where that can be told. */
export const tooLargeError = async (
  { topic, partition, bytes, error }: SequencedBatch,
  limitOf: LimitOf,
): Promise<RpcError> => {
  const what = `produce a batch of ${bytes} bytes to ${topic}[${partition}]`;
  let maxBytes: number | undefined;
  const asked = limitOf(topic).then((limit) => (maxBytes = limit));
  await within(asked, LIMIT_KNOWN_WITHIN_MS);
  // An older answer than that of the broker: it may have been raised or lowered since.
  if (maxBytes === undefined || maxBytes >= bytes) return toRpcError(error, what);
  return new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `Could not ${what}: topic ${topic} has max.message.bytes=${maxBytes}. Raise it, or send less and lower maxRecordBytes.`,
    { retryable: false, details: { bytes, maxBytes }, cause: error },
  );
};
