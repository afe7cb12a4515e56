import { channel } from 'node:diagnostics_channel';
import type { RefusalReason } from './refusal-reasons.js';

/**
 * Named events that metrics and traces may listen to with `node:diagnostics_channel`. Publishing costs nothing while
 * nobody listens. Payloads of calls never appear in them.
 * @see https://nodejs.org/api/diagnostics_channel.html
 */
export const channels = {
  /** `RefusedRecord`: a record, or messages of one, counted and skipped. */
  refused: channel('nestjs-kafka-rpc:refused'),
  /** `RefusalNotice`: a client heard, without proof, that a server refuses its records. */
  refusalNotice: channel('nestjs-kafka-rpc:refusal-notice'),
  /** `{ groupId, offsets }` after each commit that the broker took. */
  committed: channel('nestjs-kafka-rpc:committed'),
  /** `CallEnded` of call-ended.ts: once per call on each side. */
  callEnded: channel('nestjs-kafka-rpc:call-ended'),
} as const;

/** Published on `channels.refused`: once per record and reason, also when it is of many of the record's messages. */
export interface RefusedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Out of a closed set: what it is counted under. */
  readonly reason: RefusalReason;
  /** For people, on one line; nothing of the record but key ids and names of stages. */
  readonly message: string;
  /** The wire stage that refused it. */
  readonly stage?: string;
  /** The key that it claims to be made with, if that has the shape of a key id. */
  readonly keyId?: string;
  /** What a stage of the user's own threw. It may quote the record, so it is never logged. */
  readonly cause?: unknown;
}

/** Published on `channels.refusalNotice`. Not authentic: anybody who may write to the reply topic can say so. */
export interface RefusalNotice {
  readonly serverId: string;
  readonly topic: string;
  readonly reason: 'stages' | 'not-authentic';
  readonly serverStages: string;
  readonly stage?: string;
  readonly keyId?: string;
}
