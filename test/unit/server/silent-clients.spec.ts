import { Counters } from '../../../lib/diagnostics/counters.js';
import type { Caller } from '../../../lib/server/caller.js';
import { OffsetTracker } from '../../../lib/server/commits/offset-tracker.js';
import { PartitionShare } from '../../../lib/server/partition-share.js';
import { SilentClients } from '../../../lib/server/silent-clients.js';

const SILENCE_MS = 30_000;
const READING = {
  pause: () => undefined,
  resume: () => undefined,
  onProgress: () => undefined,
  onPledge: () => undefined,
};

describe('SilentClients', () => {
  let caller: { heardAtMs: number; signEveryMs: number | undefined };
  let share: PartitionShare;
  let stopped: string[];
  let asked: number;
  let end: () => Promise<bigint>;
  let watch: SilentClients;
  let counters: Counters;

  beforeEach(() => {
    jest.useFakeTimers();
    stopped = [];
    asked = 0;
    end = () => Promise.resolve(8n);
    counters = new Counters();
    share = new PartitionShare(new OffsetTracker(0n), READING);
    // Record 7 brought the call.
    share.read(7n, true);
    share.tookIn();
    const calls = new Set<unknown>();
    const call = {
      message: { kind: 'request', seq: 1 },
      origin: { share, record: { topic: 't', partition: 0 }, receivedAtMs: 0 },
      stop: (reason: string) => {
        stopped.push(reason);
        return calls.delete(call);
      },
    };
    calls.add(call);
    caller = Object.assign({ heardAtMs: performance.now(), signEveryMs: 5_000, calls, replies: null });
    watch = new SilentClients({
      silenceMs: SILENCE_MS,
      callers: () => [caller as unknown as Caller],
      endOf: () => {
        asked += 1;
        return end();
      },
      outbox: { send: () => undefined },
      clock: { now: () => 0 },
      counters,
    });
  });

  afterEach(() => {
    watch.close();
    jest.useRealTimers();
  });

  const pass = (seconds: number): Promise<void> => jest.advanceTimersByTimeAsync(seconds * 1_000);

  it('end the calls of one that is silent, within 45 s, and ask nothing before 20 s', async () => {
    await pass(19);
    expect(asked).toBe(0);
    await pass(11);
    expect(stopped).toEqual([]);
    await pass(15);
    expect(stopped).toEqual(['silent']);
    expect(counters.snapshot().callsOfSilentClients).toBe(1);
    const before = asked;
    await pass(60);
    expect(asked).toBe(before);
  });

  it('leave one alone that is heard of', async () => {
    for (let i = 0; i < 20; i++) {
      caller.heardAtMs = performance.now();
      await pass(10);
    }
    expect([stopped, asked]).toEqual([[], 0]);
  });

  it('leave one alone that gives no signs', async () => {
    caller.signEveryMs = undefined;
    await pass(100);
    expect(stopped).toEqual([]);
  });

  it('wait for four signs of one that gives them rarely', async () => {
    caller.signEveryMs = 20_000;
    await pass(80);
    expect(stopped).toEqual([]);
    await pass(15);
    expect(stopped).toEqual(['silent']);
  });

  it('know nothing while the broker does not answer, or is slow', async () => {
    end = () => Promise.reject(new Error('away'));
    await pass(100);
    end = () => new Promise((resolve) => setTimeout(() => resolve(8n), 1_500));
    await pass(100);
    expect(stopped).toEqual([]);
    end = () => Promise.resolve(8n);
    await pass(29);
    expect(stopped).toEqual([]);
    await pass(20);
    expect(stopped).toEqual(['silent']);
  });

  it('know nothing while there is something to read, or to take in', async () => {
    end = () => Promise.resolve(10n);
    await pass(100);
    share.read(8n, true);
    share.read(9n, true);
    share.tookIn();
    await pass(100);
    expect(stopped).toEqual([]);
    // The last of them had a sign.
    share.tookIn();
    caller.heardAtMs = performance.now();
    await pass(29);
    expect(stopped).toEqual([]);
    await pass(20);
    expect(stopped).toEqual(['silent']);
  });

  it('count as read what was finished before', async () => {
    end = () => Promise.resolve(10n);
    share.read(9n, false);
    await pass(45);
    expect(stopped).toEqual(['silent']);
  });

  it('look for nothing where the partition is not ours any more', async () => {
    share.close();
    await pass(100);
    expect([stopped, asked]).toEqual([[], 0]);
  });
});
