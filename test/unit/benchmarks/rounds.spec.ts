import type { Load } from '../../../benchmarks/measure/load.js';
import { interleave, type StartedPeer } from '../../../benchmarks/measure/rounds.js';

const LATENCY = { p50: 1, p90: 1, p99: 1, p999: 1, max: 1 };

/** A peer that answers at once and writes down which loads it had. */
function peer(name: string, turns: string[], mostCallsAtOnce?: number): StartedPeer {
  const run = async ({ concurrency, seconds }: Load) => {
    const isRunIn = seconds < 1;
    if (!isRunIn) turns.push(`${name} ${concurrency}`);
    return {
      calls: isRunIn ? 0 : 1,
      seconds: 1,
      callsPerSecond: 1,
      latency: LATENCY,
      clientCpuSeconds: 0,
      serverCpuSeconds: 0,
    };
  };
  return { name, handle: { mostCallsAtOnce, run, stop: async () => undefined } };
}

describe('the rounds of a benchmark', () => {
  const plan = {
    loads: [1, 100, 1_000].map((concurrency) => ({ concurrency, seconds: 1 })),
    rounds: 2,
    brokerPid: undefined,
  };

  it('go level by level, and in each the peers take turns', async () => {
    const turns: string[] = [];
    await interleave(
      [peer('a', turns), peer('b', turns)],
      { ...plan, loads: plan.loads.slice(0, 2) },
      () => undefined,
    );
    expect(turns).toEqual(['a 1', 'b 1', 'a 1', 'b 1', 'a 100', 'b 100', 'a 100', 'b 100']);
  });

  it('begin with a run-in of half their length, which no number is of', async () => {
    const seconds: number[] = [];
    const { name, handle } = peer('a', []);
    const run: typeof handle.run = (load) => {
      seconds.push(load.seconds);
      return handle.run(load);
    };
    const [series] = await interleave([{ name, handle: { ...handle, run } }], plan, () => undefined);
    expect(seconds.slice(0, 4)).toEqual([0.5, 1, 0.5, 1]);
    expect(series?.rounds.map(({ calls }) => calls)).toEqual([1, 1]);
  });

  it('leave a peer out of the levels that it does not reach, and say so', async () => {
    const turns: string[] = [];
    const told: string[] = [];
    const series = await interleave([peer('a', turns), peer('slow', turns, 100)], plan, (line) =>
      told.push(line),
    );
    expect(turns.slice(-2)).toEqual(['a 1000', 'a 1000']);
    expect(told).toContain('Leaving out slow: it does not reach 1000 at once');
    expect(series.map(({ peer: name, concurrency }) => `${name} ${concurrency}`)).toEqual([
      'a 1',
      'slow 1',
      'a 100',
      'slow 100',
      'a 1000',
    ]);
  });
});
