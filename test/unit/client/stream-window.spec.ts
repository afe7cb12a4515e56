import { FIRST_WINDOW, StreamWindow } from '../../../lib/client/stream-window.js';
import type { Credit } from '../../../lib/protocol/stream-credit.js';

describe('StreamWindow', () => {
  let nowMs = 0;
  let given: Credit[] = [];
  /** Whether values are waited for. @default by those who are fast */
  let isWaiting: boolean | undefined;

  beforeEach(() => {
    nowMs = 0;
    given = [];
    isWaiting = undefined;
  });

  const open = (fixed?: Credit): StreamWindow =>
    new StreamWindow(fixed, () => nowMs).bind((credit) => given.push(credit));

  const take = (window: StreamWindow, values: number, msEach: number, bytes = 10): void => {
    const waits = isWaiting ?? msEach < 1;
    for (let i = 0; i < values; i++) {
      nowMs += msEach;
      window.taken(bytes, waits);
    }
  };

  const sum = (of: keyof Credit): number => given.reduce((all, credit) => all + credit[of], 0);

  /** What the server may have on its way when so many were taken. */
  const onItsWay = (taken: number): number => FIRST_WINDOW.values + sum('values') - taken;

  it('gives credit for each half of it that was taken', () => {
    const window = open({ values: 10, bytes: 1_000 });
    take(window, 4, 0);
    expect(given).toEqual([]);
    take(window, 1, 0);
    expect(given).toEqual([{ values: 5, bytes: 50 }]);
    take(window, 95, 0);
    expect(given).toEqual(Array.from({ length: 20 }, () => ({ values: 5, bytes: 50 })));
  });

  it('gives credit for each half of its bytes', () => {
    const window = open({ values: 1_000, bytes: 1_000 });
    take(window, 2, 0, 300);
    expect(given).toEqual([{ values: 2, bytes: 600 }]);
  });

  it('gives credit for each value where it is one value', () => {
    take(open({ values: 1, bytes: 1_000 }), 3, 0);
    expect(given).toHaveLength(3);
  });

  it('grows for who is fast, up to a limit', () => {
    take(open(), 1_000_000, 0.001);
    expect(onItsWay(1_000_000)).toBeGreaterThan(32_000);
    expect(onItsWay(1_000_000)).toBeLessThanOrEqual(65_536);
  });

  it('shrinks for who is slow, and never to nothing', () => {
    const window = open();
    take(window, 20_000, 1);
    expect(onItsWay(20_000)).toBeLessThanOrEqual(1_024);
    take(window, 20_000, 100);
    expect(onItsWay(40_000)).toBeLessThanOrEqual(128);
    expect(onItsWay(40_000)).toBeGreaterThanOrEqual(64);
  });

  it('does not shrink for who waits for values: the way is slow, or the handler', () => {
    isWaiting = true;
    take(open(), 20_000, 100);
    expect(onItsWay(20_000)).toBeGreaterThanOrEqual(2_048);
  });

  it('grows again', () => {
    const window = open();
    take(window, 20_000, 50);
    take(window, 500_000, 0.001);
    expect(onItsWay(520_000)).toBeGreaterThan(32_000);
  });

  it('stays what it was set to, whatever the pace', () => {
    const window = open({ values: 100, bytes: 100_000 });
    take(window, 10_000, 0.001);
    take(window, 1_000, 100);
    expect(100 + sum('values') - 11_000).toBeLessThanOrEqual(100);
    expect(100 + sum('values') - 11_000).toBeGreaterThan(50);
  });

  it('never gives credit of nothing, which is something else', () => {
    const window = open();
    for (const ms of [0.001, 100, 0.001, 1, 100]) take(window, 5_000, ms, 100);
    expect(given.every(({ values }) => values > 0)).toBe(true);
    expect(given.every(({ bytes }) => bytes >= 0)).toBe(true);
  });
});
