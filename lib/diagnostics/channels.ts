import { channel } from 'node:diagnostics_channel';
import type { RefusalReason } from './refusal-reasons.js';

/**
 * Diagnostics channels for metrics and traces: subscribe with `node:diagnostics_channel`. A channel without a subscriber costs
 * nothing. Events never contain payloads of calls.
 * @see https://nodejs.org/api/diagnostics_channel.html
 */
export const channels = {
  /** `RefusedRecord`: a record, or some of its messages, was counted and skipped. */
  refused: channel('nestjs-kafka-rpc:refused'),
  /** `RefusalNotice`: a client received an unproven notice that a server refuses its records. */
  refusalNotice: channel('nestjs-kafka-rpc:refusal-notice'),
  /** `{ groupId, offsets }` after each commit that the broker accepted. */
  committed: channel('nestjs-kafka-rpc:committed'),
  /** `CallEnded` of call-ended.ts: once per call on each side. */
  callEnded: channel('nestjs-kafka-rpc:call-ended'),
} as const;

/** Published on `channels.refused`, once per record and reason, even if the reason applies to many messages of the record. */
export interface RefusedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** One of a closed set. The counter `refusals` uses it. */
  readonly reason: RefusalReason;
  /** One line for people. Of the record it shows only key ids and names of stages. */
  readonly message: string;
  /** The wire stage that refused it. */
  readonly stage?: string;
  /** The key id that the record names, if it has the form of a key id. */
  readonly keyId?: string;
  /** The exception of a user's own stage. It may quote the record, so this package never logs it. */
  readonly cause?: unknown;
}

/** Published on `channels.refusalNotice`. It proves nothing: anyone with write access to the reply topic can send it. */
export interface RefusalNotice {
  readonly serverId: string;
  readonly topic: string;
  readonly reason: 'stages' | 'not-authentic';
  readonly serverStages: string;
  readonly stage?: string;
  readonly keyId?: string;
}
