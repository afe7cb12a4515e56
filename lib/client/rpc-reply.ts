/** What `call()` resolves with: the value, and how it came about. */
export interface RpcReply<T> {
  readonly value: T;
  /** The server that answered: 32 hexadecimal digits, new with every start of a server. */
  readonly serverId: string;
  /** Which sending of the call was answered; 1 for the first. */
  readonly attempt: number;
  readonly timings: CallTimings;
}

/**
 * Where the time of a call went, in milliseconds with fractions. The parts add up to the total; how what is not the
 * server's is split into the two flights rests on both sides' estimate of the broker's clock.
 */
export interface CallTimings {
  /** From the client's `send` to the last value in the caller's hand. */
  readonly totalMs: number;
  /** From the server's receipt to its reply, the wait for a free place included. */
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
