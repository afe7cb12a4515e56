import { performance } from 'node:perf_hooks';
import { latencyOf } from './latencies.js';
import type { Latency } from './load.js';
import type { Operation } from './operation.js';
import { StallWatch } from './stall-watch.js';

/** Calls at times that follow from the load alone: no answer that is late keeps the next call from being sent. */
export interface OpenLoad {
  readonly callsPerSecond: number;
  readonly seconds: number;
  /** How many callers share the calls, one after the other. */
  readonly callers: number;
  /** Random times, as independent callers would choose them, in place of even ones: a Poisson process. @default false */
  readonly isPoisson?: boolean;
}

export interface OpenLoadResult {
  readonly calls: number;
  /** Answered calls over the time from the first call's place in the schedule to the last answer. */
  readonly callsPerSecond: number;
  /** From the time at which a call was to be sent, not from when it was: what an independent caller would wait. */
  readonly latency: Latency;
  readonly fastestMs: number;
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
  const schedule = scheduleOf(load, calls);
  const dueAt = (at: number): number => startedAt + (schedule[at] ?? 0);
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
  const fastestMs = latencies.reduce((fastest, each) => Math.min(fastest, each), Infinity);
  return { calls, callsPerSecond: calls / seconds, latency: latencyOf(latencies), fastestMs };
}

/** When each call is due, in milliseconds from the first. */
function scheduleOf({ callsPerSecond, isPoisson = false }: OpenLoad, calls: number): Float64Array {
  const meanMs = 1_000 / callsPerSecond;
  let dueMs = 0;
  return Float64Array.from({ length: calls }, (_, at) => {
    if (!isPoisson) return at * meanMs;
    const due = dueMs;
    dueMs += -Math.log(1 - Math.random()) * meanMs;
    return due;
  });
}
