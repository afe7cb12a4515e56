import type { RpcStatus } from '../errors/status.js';
import { channels } from './channels.js';

/**
 * The ends of a call at its client: `answered` with a value or error of the server, `failed` by an error on this side, `refused`
 * by the broker or a server or before it was sent, `expired` at its deadline, `cancelled` by its caller.
 */
export const CLIENT_CALL_ENDS = ['answered', 'failed', 'refused', 'expired', 'cancelled'] as const;

/**
 * The ends of a call at a server: `answered` when the broker has the answer or the event's handler has ended, `failed` when the
 * answer could not be delivered, `refused` when there was nobody to answer, `expired` at its deadline, `cancelled` by its caller,
 * `silent` when its client seems to be dead.
 * After `moved` (its partition moved) and `closing`, another server runs the call.
 */
export const SERVER_CALL_ENDS = [...CLIENT_CALL_ENDS, 'silent', 'moved', 'closing'] as const;

export type ClientCallEnd = (typeof CLIENT_CALL_ENDS)[number];
export type ServerCallEnd = (typeof SERVER_CALL_ENDS)[number];

/** The result of a call: an `RpcStatus`, or `OK` without an error. */
export type CallStatus = RpcStatus | 'OK';

/**
 * Published on `channels.callEnded`, once per call on each side. A client publishes every call that was begun, sent or not. A
 * server publishes every call and event that it accepted. If two servers had a call, both publish its end.
 */
export interface CallEnded {
  readonly side: 'client' | 'server';
  readonly kind: 'request' | 'event';
  /** The pattern on the wire. The caller chooses it, so a server may see patterns without a handler. */
  readonly pattern: string;
  /** The request topic of the service. */
  readonly topic: string;
  readonly how: ServerCallEnd;
  readonly status: CallStatus;
  /** Milliseconds since the call began, or since the server accepted it. Undefined if nobody listened at that time. */
  readonly totalMs: number | undefined;
  /** Server only: milliseconds in the queue. Undefined if no handler started. */
  readonly waitedMs?: number | undefined;
  /** Client only: milliseconds that the server had the call. Undefined without an answer. */
  readonly serverMs?: number | undefined;
}

const NOT_MEASURED = 0;

/**
 * When a call began, on a clock that does not go back; the clock is not asked while nobody listens.
 * @param agoMs how long ago
 */
export const beginningOfCall = (agoMs = 0): number =>
  channels.callEnded.hasSubscribers ? performance.now() - agoMs : NOT_MEASURED;

/** @returns undefined for a call that began before anybody listened. */
export const msSince = (beginning: number): number | undefined =>
  beginning === NOT_MEASURED ? undefined : performance.now() - beginning;
