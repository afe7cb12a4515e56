/** What every peer is asked: the sum of two numbers, and its nonce back. */
export interface Terms {
  readonly a: number;
  readonly b: number;
  readonly nonce: number;
}

/** What every peer answers. */
export interface Sum {
  readonly sum: number;
  readonly nonce: number;
}

export type Call = (terms: Terms) => Promise<Sum>;

/** The one handler that all servers share. */
export const add = ({ a, b, nonce }: Terms): Sum => ({ sum: a + b, nonce });

/** A closed loop: `concurrency` callers, each sends its next call when the last one is answered. */
export interface Load {
  readonly concurrency: number;
  /** No call is sent after so long; those in flight are waited for. */
  readonly seconds: number;
  /** Ends the load earlier, after so many calls. @default no limit */
  readonly calls?: number;
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What one load gave, as its client saw it. */
export interface LoadResult {
  readonly calls: number;
  /** From the first call sent to the last answer. */
  readonly seconds: number;
  readonly callsPerSecond: number;
  readonly latency: Latency;
  /** User and system time of the client process. */
  readonly clientCpuSeconds: number;
}

/** Of a measurement's length. */
const RUN_IN = 0.5;

/**
 * What goes before a measurement and is not measured: while others have their turn V8 gives memory back, and the first quarter
 * of a second makes half of the calls of the fourth.
 */
export const runIn = (load: Load): Load => ({ ...load, seconds: load.seconds * RUN_IN });
