import { runOpenLoad } from '../../../benchmarks/measure/open-loop.js';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('an open-loop load', () => {
  it('sends on schedule whatever the answers do, and gives each caller its share', async () => {
    const callers: number[] = [];
    const operation = {
      run: (_at: number, caller: number) => {
        callers.push(caller);
        return sleep(100);
      },
      check: () => undefined,
    };
    const { calls, latency } = await runOpenLoad(operation, {
      callsPerSecond: 200,
      seconds: 0.2,
      callers: 4,
    });
    expect(calls).toBe(40);
    expect(callers.filter((caller) => caller === 3)).toHaveLength(10);
    // One after the other they would have taken four seconds.
    expect(latency.max).toBeLessThan(2_000);
  });

  it('sends at random times with the same rate when it is a Poisson process', async () => {
    const sentAt: number[] = [];
    const operation = { run: async () => void sentAt.push(performance.now()), check: () => undefined };
    const load = { callsPerSecond: 1_000, seconds: 0.4, callers: 1, isPoisson: true };
    const { calls, fastestMs, latency } = await runOpenLoad(operation, load);
    expect(calls).toBe(400);
    expect(fastestMs).toBeLessThanOrEqual(latency.p50);
    // Even times have no gap of four times the mean, 400 random ones have about seven.
    const gapsMs = sentAt.slice(1).map((at, before) => at - sentAt[before]!);
    expect(Math.max(...gapsMs)).toBeGreaterThan(3.5);
  });

  it('counts the time that a call was kept from being sent', async () => {
    const operation = {
      run: async (at: number) => {
        // The client itself is stuck: later calls leave late and are answered at once.
        if (at === 0) for (const until = Date.now() + 150; Date.now() < until;);
      },
      check: () => undefined,
    };
    const { latency } = await runOpenLoad(operation, { callsPerSecond: 100, seconds: 0.15, callers: 1 });
    expect(latency.p50).toBeGreaterThan(40);
  });

  it('fails with the first wrong answer', async () => {
    const operation = {
      run: async (at: number) => at,
      check: (at: number) => {
        if (at === 3) throw new Error('Wrong answer to 3');
      },
    };
    await expect(
      runOpenLoad(operation, { callsPerSecond: 1_000, seconds: 0.05, callers: 1 }),
    ).rejects.toThrow('Wrong answer to 3');
  });
});
