import { performance } from 'node:perf_hooks';
import { ownCpuSeconds } from './cpu.js';
import { latencyOf } from './latencies.js';
import type { Load, LoadResult } from './load.js';
import type { Operation } from './operation.js';
import { StallWatch } from './stall-watch.js';

/** Runs one closed-loop load and checks every answer. Rejects at the first that is wrong, fails, or does not come. */
export function runLoad<A>(operation: Operation<A>, load: Load): Promise<LoadResult> {
  return new LoadLoop(operation, load).run();
}

class LoadLoop<A> {
  private readonly latencies: number[] = [];
  private readonly maxCalls: number;
  private issued = 0;
  private endAt = Infinity;

  constructor(
    private readonly operation: Operation<A>,
    private readonly load: Load,
  ) {
    this.maxCalls = load.calls ?? Infinity;
  }

  async run(): Promise<LoadResult> {
    const cpuBefore = ownCpuSeconds();
    const startedAt = performance.now();
    this.endAt = startedAt + this.load.seconds * 1_000;
    const watch = new StallWatch(() => ({ issued: this.issued, answered: this.latencies.length }));
    try {
      const callers = Array.from({ length: this.load.concurrency }, (_, caller) => this.keepCalling(caller));
      await Promise.race([Promise.all(callers), watch.stalled]);
    } finally {
      watch.end();
      this.endAt = 0;
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    const clientCpuSeconds = ownCpuSeconds() - cpuBefore;
    const calls = this.latencies.length;
    return {
      calls,
      seconds,
      callsPerSecond: calls / seconds,
      latency: latencyOf(this.latencies),
      clientCpuSeconds,
    };
  }

  private async keepCalling(caller: number): Promise<void> {
    while (this.issued < this.maxCalls && performance.now() < this.endAt) {
      const at = this.issued++;
      const sentAt = performance.now();
      const answer = await this.operation.run(at, caller);
      this.latencies.push(performance.now() - sentAt);
      this.operation.check(at, answer);
    }
  }
}
