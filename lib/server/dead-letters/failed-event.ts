import type { RefusalReason } from '../../diagnostics/refusal-reasons.js';
import type { RpcStatus } from '../../errors/status.js';
import { formatCallId } from '../../protocol/instance-id.js';
import type { DeferredMessage, FailedRun } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';

/** Why a dead letter was written: `failed` for an event whose handler failed for good; else why its record was refused. */
export type DeadLetterReason = 'failed' | RefusalReason;

/** Where a record stood, and when the broker appended it, in milliseconds since the epoch. */
export interface DeadLetterOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
}

/** What a run of a handler failed with, as its caller would have been told; `atMs` since the epoch, on the broker's clock. */
export type DeadLetterError = FailedRun;

/** An event whose handler failed for good. */
export interface FailedEvent {
  readonly reason: 'failed';
  readonly pattern: string;
  /** What the last run failed with. */
  readonly status: RpcStatus;
  /** How often it was run. */
  readonly attempts: number;
  readonly firstError: DeadLetterError;
  readonly lastError: DeadLetterError;
  /** Where its sender had it appended. */
  readonly origin: DeadLetterOrigin;
  /** As `context.getCallId()`. */
  readonly callId: string;
  readonly key: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The event's data; undefined when it cannot be read here. */
  readonly data: unknown;
  /** How often it was taken back from the dead letters before. */
  readonly redriven: number;
}

/** Told of an event that has failed for good; awaited for some time, and the event is finished whatever becomes of it. */
export type DeadLetterHook = (event: FailedEvent) => unknown;

const NO_ERROR: FailedRun = Object.freeze({ status: 'UNKNOWN', message: '', atMs: 0 });

/** @returns undefined for a message that is no failed event */
export const failedEventOf = (codec: Codec, message: DeferredMessage): FailedEvent | undefined => {
  const { origin, firstError, lastError } = message;
  if (origin === null) return undefined;
  const { topic, partition, offset, timestampMs } = origin;
  return Object.freeze({
    reason: 'failed',
    pattern: message.pattern,
    status: (lastError ?? NO_ERROR).status,
    attempts: message.runs,
    firstError: firstError ?? NO_ERROR,
    lastError: lastError ?? NO_ERROR,
    origin: Object.freeze({ topic, partition, offset, timestampMs }),
    callId: formatCallId(origin.sender, origin.seq),
    key: message.key,
    headers: message.headers,
    data: dataOf(codec, message),
    redriven: message.redriven,
  });
};

/** Undefined for what cannot be read here: another serializer's, or damaged. */
const dataOf = ({ serializer }: Codec, { contentType, payload }: DeferredMessage): unknown => {
  try {
    return contentType === serializer.contentType ? serializer.deserialize(payload) : undefined;
  } catch {
    return undefined;
  }
};
