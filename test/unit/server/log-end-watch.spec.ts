import { LogEndWatch } from '../../../lib/server/log-end-watch.js';
import { consumed } from '../../support/raw-records.js';

const AT = { topic: 'rpc.sum.requests', partition: 3 };

describe('LogEndWatch', () => {
  let nowMs = 0;
  let end = 10n;
  let questions = 0;
  let watch: LogEndWatch;

  beforeEach(() => {
    jest.useFakeTimers();
    nowMs = 1_000;
    end = 10n;
    questions = 0;
    watch = new LogEndWatch(
      async () => {
        questions += 1;
        return end;
      },
      { local: () => nowMs },
    );
  });

  afterEach(() => {
    watch.close();
    jest.useRealTimers();
  });

  const tick = async (ms: number): Promise<void> => {
    nowMs += ms;
    await jest.advanceTimersByTimeAsync(ms);
  };

  it('proves a record at the end that was asked for, or behind it, to be appended after the question', async () => {
    watch.watch(AT);
    await tick(10);
    expect(watch.provenAfterMs(consumed({ ...AT, offset: 9n }))).toBeUndefined();
    expect(watch.provenAfterMs(consumed({ ...AT, partition: 4, offset: 10n }))).toBeUndefined();
    expect(watch.provenAfterMs(consumed({ ...AT, offset: 10n }))).toBe(1_000);
  });

  it('asks once a second, so that the proof is young', async () => {
    watch.watch(AT);
    watch.watch(AT);
    await tick(2_500);
    expect(questions).toBe(3);
    expect(watch.provenAfterMs(consumed({ ...AT, offset: 10n }))).toBeGreaterThanOrEqual(2_500);
  });

  it('stops at the first proof, and after a minute', async () => {
    watch.watch(AT);
    await tick(10);
    watch.provenAfterMs(consumed({ ...AT, offset: 10n }));
    await tick(10_000);
    expect(questions).toBe(1);
    watch.watch(AT);
    for (let second = 0; second < 90; second++) await tick(1_000);
    expect(questions).toBeLessThan(65);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('watches a bounded number of logs', async () => {
    for (let partition = 0; partition < 1_000; partition++) watch.watch({ ...AT, partition });
    expect(questions).toBe(16);
  });

  it('goes on where a question fails', async () => {
    let isDown = true;
    const shaky = new LogEndWatch(
      async () => {
        if (isDown) throw new Error('no leader');
        return end;
      },
      { local: () => nowMs },
    );
    shaky.watch(AT);
    await tick(10);
    isDown = false;
    await tick(1_000);
    expect(shaky.provenAfterMs(consumed({ ...AT, offset: 10n }))).toBeGreaterThan(1_000);
    shaky.close();
  });
});
