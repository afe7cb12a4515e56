import type { BenchmarkContext } from '../benchmark.js';
import { reaching, type StartedPeer } from './rounds.js';

/** In all at least so many calls per peer: before that, V8 and the JVM have not compiled what runs hot. */
export const LEAST_WARM_UP_CALLS = 3_000;

/** Bounded by time too, as some peers make a hundred calls a second one at a time. */
const LOADS = [
  { concurrency: 100, calls: LEAST_WARM_UP_CALLS, seconds: 30 },
  { concurrency: 1, calls: 1_000, seconds: 3 },
  { concurrency: 1_000, calls: 30_000, seconds: 4 },
] as const;
const QUICK_SECONDS = 0.5;

/** Warms peers and broker up in turns; gives how many calls each peer made. */
export async function warmUp(
  peers: readonly StartedPeer[],
  { options: { quick }, progress: tell }: Pick<BenchmarkContext, 'options' | 'progress'>,
): Promise<ReadonlyMap<string, number>> {
  const made = new Map<string, number>();
  for (const load of LOADS) {
    for (const { name, handle } of reaching(peers, load)) {
      const { calls } = await handle.run(quick ? { ...load, seconds: QUICK_SECONDS } : load);
      made.set(name, (made.get(name) ?? 0) + calls);
      tell(`warm-up  ${load.concurrency} at once  ${name.padEnd(12)} ${calls.toLocaleString('en')} calls`);
    }
  }
  return made;
}
