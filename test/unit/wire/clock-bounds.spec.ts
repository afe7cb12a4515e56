import { ClockBounds } from '../../../lib/wire/clock-bounds.js';

/** An append time is never negative. */
const START_MS = 1_700_000_000_000;

describe('ClockBounds', () => {
  let bounds: ClockBounds;

  beforeEach(() => {
    bounds = new ClockBounds();
  });

  const observe = (fromMs: number, toMs: number, timestampMs: number): void =>
    bounds.observe(START_MS + fromMs, START_MS + toMs, START_MS + timestampMs);

  it('hold the truth between them, also when what is known is from a slow request', () => {
    observe(0, 200, 100);
    expect([bounds.lowestOffsetMs, bounds.highestOffsetMs]).toEqual([-100, 101]);
    expect(bounds.offsetMs).toBe(0);
  });

  it('are tightened by a quick request after a slow one', () => {
    observe(0, 200, 150);
    observe(200, 202, 301);
    expect(bounds.widthMs).toBeLessThan(4);
    expect(bounds.lowestOffsetMs).toBeCloseTo(99, 0);
  });

  it('are widened by what clocks drift, so that what was heard an hour ago is not taken for exact', () => {
    const hourMs = 3_600_000;
    observe(0, 2, 1);
    observe(hourMs, hourMs + 2, hourMs + 500);
    expect(bounds.offsetMs).toBeCloseTo(500, -1);
    expect(bounds.highestOffsetMs).toBeLessThan(505);
  });

  it.each([5_000, -5_000])('that a clock set by %i ms contradicts are forgotten', (stepMs) => {
    observe(0, 2, 1);
    observe(100, 102, 101 + stepMs);
    expect(bounds.lowestOffsetMs).toBeCloseTo(stepMs, -1);
    expect(bounds.widthMs).toBeLessThan(4);
  });
});
