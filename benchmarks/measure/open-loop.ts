import { performance } from 'node:perf_hooks';
import { latencyOf } from './latencies.js';
import type { Latency } from './load.js';
import type { Operation } from './operation.js';
import { StallWatch } from './stall-watch.js';

/** Calls at times that were fixed before: no answer that is late keeps the next call from being sent. */
export interface OpenLoad {
  readonly callsPerSecond: number;
  readonly seconds: number;
  /** How many callers share the calls, one after the other. */
  readonly callers: number;
}

export interface OpenLoadResult {
  readonly calls: number;
  /** Answered calls over the time from the first call's place in the schedule to the last answer. */
  readonly callsPerSecond: number;
  /** From the time at which a call was to be sent, not from when it was: what an independent caller would wait. */
  readonly latency: Latency;
}

const TICK_MS = 1;

/**
 * Runs a load at a fixed rate and checks every answer. A client that falls behind its schedule counts the delay to its
 * calls: leaving it out (coordinated omission) would hide just the moments that hurt.
 */
export async function runOpenLoad<A>(operation: Operation<A>, load: OpenLoad): Promise<OpenLoadResult> {
  const calls = Math.max(1, Math.floor(load.callsPerSecond * load.seconds));
  const latencies: number[] = [];
  const startedAt = performance.now();
  const dueAt = (at: number): number => startedAt + (at / load.callsPerSecond) * 1_000;
  const callOnce = async (at: number): Promise<void> => {
    const answer = await operation.run(at, at % load.callers);
    latencies.push(performance.now() - dueAt(at));
    operation.check(at, answer);
  };
  let issued = 0;
  const watch = new StallWatch(() => ({ issued, answered: latencies.length }));
  const allAnswered = new Promise<void>((resolve, reject) => {
    const tick = (): void => {
      for (; issued < calls && dueAt(issued) <= performance.now(); issued += 1) {
        callOnce(issued).then(() => latencies.length === calls && resolve(), reject);
      }
      if (issued < calls) setTimeout(tick, TICK_MS);
    };
    tick();
  });
  try {
    await Promise.race([allAnswered, watch.stalled]);
  } finally {
    watch.end();
    issued = calls;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return { calls, callsPerSecond: calls / seconds, latency: latencyOf(latencies) };
}
