import type { ReplyHeaders } from '../protocol/reply-notes.js';

/** The result of `call()`: the value, the server that answered, and the timings. */
export interface RpcReply<T> {
  readonly value: T;
  /** The server that answered: 32 hexadecimal digits, new with every start of a server. */
  readonly serverId: string;
  /** Which attempt of this client was answered; 1 for the first, more after a `retry`. */
  readonly attempt: number;
  readonly timings: CallTimings;
  /** What the handler set with `context.setHeader()`; none from servers of earlier versions, and none with an `idempotencyKey`. */
  readonly headers: ReplyHeaders;
}

/**
 * The parts of a call's time, in milliseconds with fractions. The three parts add up to `totalMs`. The split between the two flights is
 * an estimate, based on the broker's clock.
 */
export interface CallTimings {
  /** From the call to the value. */
  readonly totalMs: number;
  /** At the server, from receipt to reply, waiting for a free place included. */
  readonly serverMs: number;
  readonly requestFlightMs: number;
  readonly replyFlightMs: number;
}

export interface TimingFacts {
  readonly totalMs: number;
  /** All three on the estimate of the broker's clock. */
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  readonly repliedAtMs: number;
}

export const callTimings = ({ totalMs, sentAtMs, receivedAtMs, repliedAtMs }: TimingFacts): CallTimings => {
  const serverMs = clamp(repliedAtMs - receivedAtMs, totalMs);
  const flightsMs = totalMs - serverMs;
  const requestFlightMs = clamp(receivedAtMs - sentAtMs, flightsMs);
  return { totalMs, serverMs, requestFlightMs, replyFlightMs: flightsMs - requestFlightMs };
};

const clamp = (value: number, max: number): number => Math.min(Math.max(value, 0), max);
