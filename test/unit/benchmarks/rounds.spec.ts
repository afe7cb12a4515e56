import type { Load } from '../../../benchmarks/measure/load.js';
import { interleave, type StartedPeer } from '../../../benchmarks/measure/rounds.js';

const LATENCY = { p50: 1, p90: 1, p99: 1, p999: 1, max: 1 };

/** A peer that answers at once, and writes down which loads it had, and when it was held still. */
function peer(
  name: string,
  turns: string[],
  { mostCallsAtOnce, pauses = [] }: { mostCallsAtOnce?: number; pauses?: string[] } = {},
): StartedPeer {
  const run = async ({ concurrency, seconds }: Load) => {
    const isRunIn = seconds < 1;
    if (!isRunIn) turns.push(`${name} ${concurrency}`);
    if (!isRunIn) pauses.push(`${name} runs`);
    return {
      calls: isRunIn ? 0 : 1,
      seconds: 1,
      callsPerSecond: 1,
      latency: LATENCY,
      clientCpuSeconds: 0,
      serverCpuSeconds: 0,
    };
  };
  const pause = (): void => void pauses.push(`${name} pauses`);
  const resume = (): void => void pauses.push(`${name} goes on`);
  return { name, handle: { mostCallsAtOnce, run, pause, resume, stop: async () => undefined } };
}

describe('the rounds of a benchmark', () => {
  const plan = {
    loads: [1, 100, 1_000].map((concurrency) => ({ concurrency, seconds: 1 })),
    rounds: 2,
    brokerPid: undefined,
    breathMs: 0,
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

  it('hold all others still, run-in and measurement, also those that take no part in the level', async () => {
    const pauses: string[] = [];
    const peers = [peer('a', [], { pauses }), peer('slow', [], { pauses, mostCallsAtOnce: 0 })];
    await interleave(peers, { ...plan, loads: plan.loads.slice(0, 1), rounds: 1 }, () => undefined);
    expect(pauses).toEqual(['slow pauses', 'a runs', 'slow goes on']);
  });

  it('are refused where the others would be held still for longer than their groups bear', async () => {
    const turns: string[] = [];
    const loads = [{ concurrency: 1, seconds: 4 }];
    const refused = interleave([peer('a', turns)], { ...plan, loads }, () => undefined);
    await expect(refused).rejects.toThrow('4 s and its run-in hold the other peers still for 6 s');
    expect(turns).toEqual([]);
  });

  it('let the others go on when a load fails', async () => {
    const pauses: string[] = [];
    const { name, handle } = peer('a', []);
    const run = () => Promise.reject(new Error('an answer is missing'));
    const peers = [{ name, handle: { ...handle, run } }, peer('b', [], { pauses })];
    await expect(interleave(peers, plan, () => undefined)).rejects.toThrow('an answer is missing');
    expect(pauses).toEqual(['b pauses', 'b goes on']);
  });

  it('leave a peer out of the levels that it does not reach, and say so', async () => {
    const turns: string[] = [];
    const told: string[] = [];
    const series = await interleave(
      [peer('a', turns), peer('slow', turns, { mostCallsAtOnce: 100 })],
      plan,
      (line) => told.push(line),
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
