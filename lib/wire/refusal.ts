import type { RefusedRecord } from '../diagnostics/channels.js';
import { isRefusalReason, type RefusalReason } from '../diagnostics/refusal-reasons.js';
import type { ConsumerRecord } from '../driver/record.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

/** Why a record was refused: the `cause` of the error. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly stage?: string;
  readonly keyId?: string;
  /** The exception of a user's own stage. */
  readonly thrown?: unknown;
}

/** The error that refuses a record. Its message goes into logs, so it must contain nothing from the record. */
export const refusalError = (status: RpcStatus, message: string, refusal: Refusal): RpcError =>
  new RpcError(status, message, { cause: Object.freeze(refusal), retryable: false });

/** The error of a stage, with the stage's name. The text of a user's own stage may quote the record, so it is in `cause` only. */
export const refusedByStage = (stage: string, thrown: unknown): RpcError => {
  const known = refusalOf(thrown);
  if (known === undefined) {
    const refusal = { reason: 'stage', stage, thrown } as const;
    return refusalError(RpcStatus.INVALID_ARGUMENT, `The stage "${stage}" refused the record.`, refusal);
  }
  const { status, message } = RpcError.from(thrown);
  return refusalError(status, message, { ...known, stage });
};

const refusalOf = (error: unknown): Refusal | undefined => {
  const cause: unknown = error instanceof RpcError ? error.cause : undefined;
  if (typeof cause !== 'object' || cause === null || !('reason' in cause)) return undefined;
  return isRefusalReason(cause.reason) ? (cause as Refusal) : undefined;
};

/** The report on a record that was refused with this error. */
export const refusedRecord = (record: ConsumerRecord, error: unknown): RefusedRecord => {
  const { topic, partition, offset } = record;
  const refusal = refusalOf(error);
  if (refusal === undefined) {
    const message = 'This side failed at the record: please report it with the cause.';
    return { topic, partition, offset, reason: 'internal', message, cause: error };
  }
  const { reason, stage, keyId, thrown } = refusal;
  return {
    topic,
    partition,
    offset,
    reason,
    message: RpcError.from(error).message,
    ...(stage === undefined ? undefined : { stage }),
    ...(keyId === undefined ? undefined : { keyId }),
    ...(thrown === undefined ? undefined : { cause: thrown }),
  };
};

/** The report on a record with unreadable messages, which were skipped. @param errors one for each of them, in order */
export const malformedMessages = (record: ConsumerRecord, errors: readonly RpcError[]): RefusedRecord => {
  const { topic, partition, offset } = record;
  const count = errors.length === 1 ? '1 message' : `${errors.length} messages`;
  const first = errors[0]?.message ?? '';
  const message = `${count} skipped that cannot be read; those that can were taken. If the sender is yours, bring both sides to one version. The first: ${first}`;
  return { topic, partition, offset, reason: 'message', message };
};

/** The log line of a refusal. */
export const refusalLine = ({
  topic,
  partition,
  offset,
  reason,
  message,
  ...made
}: RefusedRecord): string => {
  const stage = made.stage === undefined ? '' : `, stage "${made.stage}"`;
  const keyId = made.keyId === undefined ? '' : `, key id "${made.keyId}"`;
  return `Refused ${topic}[${partition}]@${offset} (${reason}${stage}${keyId}): ${message}`;
};
