import type { BenchmarkContext } from '../benchmark.js';
import type { PeerHandle } from '../peers/peer.js';
import type { Load, LoadResult } from './load.js';
import { reaching } from './rounds.js';

/**
 * The same for all peers, and bounded by time, as some make a hundred calls a second one at a time. The last two are so long
 * because V8 and the JVM go on compiling for that while: seen in rounds of 2 s with 1,000 at once, which become faster until about
 * the seventh, and in the slowest calls of those one at a time, which on Node 24 become rare after some fifteen thousand. What a request
 * costs, and not what a call costs, is compiled only then: with 1,000 at once there are few requests.
 */
const LOADS = [
  { concurrency: 100, calls: 3_000, seconds: 30 },
  { concurrency: 1_000, seconds: 15 },
  { concurrency: 1, seconds: 20 },
] as const;
const QUICK_SECONDS = 0.5;

/** What is to be warm. */
interface ColdPeer {
  readonly name: string;
  readonly handle: Pick<PeerHandle, 'mostCallsAtOnce'> & { run(load: Load): Promise<LoadResult> };
}

/** Warms peers and broker up in turns; gives how many calls each peer made. */
export async function warmUp(
  peers: readonly ColdPeer[],
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
