import { performance } from 'node:perf_hooks';
import { ownCpuSeconds } from './cpu.js';
import { latencyOf } from './latencies.js';
import type { Call, Load, LoadResult, Sum, Terms } from './load.js';

/** An answer later than this counts as missing: far above any peer's own deadline and any rebalance. */
const MISSING_AFTER_MS = 30_000;

/** Runs one load and checks every answer. Rejects at the first that is wrong, fails, or does not come. */
export async function runLoad(call: Call, load: Load): Promise<LoadResult> {
  const loop = new LoadLoop(call, load);
  return loop.run();
}

class LoadLoop {
  private readonly latencies: number[] = [];
  /** Differs from load to load, so that an answer to an older load's call is found out. */
  private readonly firstNonce = Math.floor(Math.random() * 2 ** 40);
  private readonly maxCalls: number;
  private issued = 0;
  private endAt = Infinity;

  constructor(
    private readonly call: Call,
    private readonly load: Load,
  ) {
    this.maxCalls = load.calls ?? Infinity;
  }

  async run(): Promise<LoadResult> {
    const cpuBefore = ownCpuSeconds();
    const startedAt = performance.now();
    this.endAt = startedAt + this.load.seconds * 1_000;
    const watch = this.watchProgress();
    try {
      const callers = Array.from({ length: this.load.concurrency }, () => this.keepCalling());
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

  private async keepCalling(): Promise<void> {
    while (this.issued < this.maxCalls && performance.now() < this.endAt) {
      const terms = this.nextTerms();
      const sentAt = performance.now();
      const answer = await this.call(terms);
      this.latencies.push(performance.now() - sentAt);
      checkAnswer(terms, answer);
    }
  }

  private nextTerms(): Terms {
    const at = this.issued++;
    return { a: at, b: at % 997, nonce: this.firstNonce + at };
  }

  /** One timer for the load, not one per call, which would be part of what is measured. */
  private watchProgress(): { readonly stalled: Promise<never>; end(): void } {
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<never>((_resolve, reject) => {
      let answered = 0;
      timer = setInterval(() => {
        if (this.latencies.length > answered) answered = this.latencies.length;
        else reject(new Error(`${this.issued - answered} answers are missing after ${MISSING_AFTER_MS} ms`));
      }, MISSING_AFTER_MS);
    });
    return { stalled, end: () => clearInterval(timer) };
  }
}

/** @throws Error when the answer is not that of this call. */
export function checkAnswer({ a, b, nonce }: Terms, answer: Sum): void {
  if (answer.sum === a + b && answer.nonce === nonce) return;
  throw new Error(
    `Wrong answer: asked ${a} + ${b} with nonce ${nonce}, got ${answer.sum} with nonce ${answer.nonce}`,
  );
}
