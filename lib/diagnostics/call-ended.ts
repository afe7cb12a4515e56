import type { RpcStatus } from '../errors/status.js';
import { channels } from './channels.js';

/**
 * How a call ends at its client: by the server's value or error; by an error found on this side; because the broker or a server
 * did not take it, or it could not be made; at its deadline; by its caller.
 */
export const CLIENT_CALL_ENDS = ['answered', 'failed', 'refused', 'expired', 'cancelled'] as const;

/**
 * How a call ends at a server: the broker has its answer, or its event's handler is over; its answer could not be delivered; nobody
 * could be answered; at its deadline; by its caller. After `moved` (its partition did) and `closing` another server runs it.
 */
export const SERVER_CALL_ENDS = [...CLIENT_CALL_ENDS, 'moved', 'closing'] as const;

export type ClientCallEnd = (typeof CLIENT_CALL_ENDS)[number];
export type ServerCallEnd = (typeof SERVER_CALL_ENDS)[number];

/** What a call came to: an `RpcStatus`, or that nothing was wrong. */
export type CallStatus = RpcStatus | 'OK';

/**
 * Published on `channels.callEnded`, once per call on each side: at the client for every call that was begun, sent or not; at a
 * server for every call and event that it took in. A call that two servers had ends at each.
 */
export interface CallEnded {
  readonly side: 'client' | 'server';
  readonly kind: 'request' | 'event';
  /** As it stands on the wire. A caller chooses it: a server is also told of patterns that it does not have. */
  readonly pattern: string;
  /** The request topic of the service. */
  readonly topic: string;
  readonly how: ServerCallEnd;
  readonly status: CallStatus;
  /** From the call, or from when the server took it in, in milliseconds; undefined if it began before anybody listened. */
  readonly totalMs: number | undefined;
  /** At a server: how long it waited for its handler, in milliseconds; undefined if it never got one. */
  readonly waitedMs?: number | undefined;
  /** At a client: how long the server had the call, in milliseconds; undefined without an answer. */
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
