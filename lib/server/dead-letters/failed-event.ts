import type { RefusalReason } from '../../diagnostics/refusal-reasons.js';
import type { RpcStatus } from '../../errors/status.js';
import { formatCallId } from '../../protocol/instance-id.js';
import type { DeferredMessage, FailedRun } from '../../protocol/message.js';
import type { Codec } from '../../wire/codec.js';

/** Why an event or call was given up: its handler failed for good; or its servers died while it ran. */
export type GivenUpReason = 'failed' | 'deaths';

/**
 * Why a dead letter was written: `failed` for an event whose handler failed for good; `deaths` for an event or call that killed its
 * servers; else why its record was refused.
 */
export type DeadLetterReason = GivenUpReason | RefusalReason;

export const isGivenUpReason = (reason: string): reason is GivenUpReason =>
  reason === 'failed' || reason === 'deaths';

/** The position of a record, and when the broker appended it, in milliseconds since the epoch. */
export interface DeadLetterOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
}

/** The error of a run, as a caller would get it. `atMs` is in milliseconds since the epoch, on the broker's clock. */
export type DeadLetterError = FailedRun;

/** An event whose handler failed for good, or an event or call that killed its servers. */
export interface FailedEvent {
  readonly reason: GivenUpReason;
  readonly pattern: string;
  /** The error of the last run. */
  readonly status: RpcStatus;
  /** How often its handler ran. */
  readonly attempts: number;
  readonly firstError: DeadLetterError;
  readonly lastError: DeadLetterError;
  /** Where its sender's record is. */
  readonly origin: DeadLetterOrigin;
  /** The id of the event: `context.getCallId()`. */
  readonly callId: string;
  readonly key: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The data of the event. Undefined if this process cannot read it. */
  readonly data: unknown;
  /** How often it was redriven before. */
  readonly redriven: number;
}

/** Called with an event that failed for good. The server waits for its promise for 10 s at most. The event is finished in any case. */
export type DeadLetterHook = (event: FailedEvent) => unknown;

const NO_ERROR: FailedRun = Object.freeze({ status: 'UNKNOWN', message: '', atMs: 0 });

/** @returns undefined for a message that is no failed event */
export const failedEventOf = (
  codec: Codec,
  message: DeferredMessage,
  reason: GivenUpReason,
): FailedEvent | undefined => {
  const { origin, firstError, lastError } = message;
  if (origin === null) return undefined;
  const { topic, partition, offset, timestampMs } = origin;
  return Object.freeze({
    reason,
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
