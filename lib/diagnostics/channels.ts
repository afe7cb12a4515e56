import { channel } from 'node:diagnostics_channel';

/**
 * Named events that metrics and traces may listen to with `node:diagnostics_channel`. Publishing costs nothing while
 * nobody listens. Payloads of calls never appear in them.
 * @see https://nodejs.org/api/diagnostics_channel.html
 */
export const channels = {
  /** `RefusedRecord`: a record or a message that was counted and skipped. */
  refused: channel('nestjs-kafka-rpc:refused'),
  /** `{ groupId, offsets }` after each commit that the broker took. */
  committed: channel('nestjs-kafka-rpc:committed'),
} as const;

/** Published on `channels.refused`. */
export interface RefusedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly reason: string;
}
