import { RateLimit } from '../../../../lib/server/limits/rate-limit.js';

describe('a rate limit', () => {
  let nowMs = 0;
  const limit = (perSecond: number, burst: number): RateLimit => {
    nowMs = 0;
    return new RateLimit({ perSecond, burst }, () => nowMs);
  };

  it('lets a burst through, then as many as its rate', () => {
    const rate = limit(10, 2);
    expect([rate.take(), rate.take(), rate.take()]).toEqual([undefined, undefined, 100]);
    nowMs = 60;
    expect(rate.take()).toBe(40);
    nowMs = 100;
    expect([rate.take(), rate.take()]).toEqual([undefined, 100]);
  });

  it('saves no more than a burst', () => {
    const rate = limit(10, 2);
    nowMs = 60_000;
    expect([rate.take(), rate.take(), rate.take()]).toEqual([undefined, undefined, 100]);
  });

  it('may be slower than one a second', () => {
    const rate = limit(0.5, 1);
    expect([rate.take(), rate.take()]).toEqual([undefined, 2_000]);
  });
});
