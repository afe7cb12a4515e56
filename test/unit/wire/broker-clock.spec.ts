import { BrokerClock } from '../../../lib/wire/broker-clock.js';
import { seededRandom } from '../../support/seeded-random.js';

/** The test's times are counted from here: an append time is never negative. */
const START_MS = 1_700_000_000_000;

describe('BrokerClock', () => {
  let localMs = 0;
  let clock: BrokerClock;

  beforeEach(() => {
    localMs = 0;
    clock = new BrokerClock(() => localMs);
  });

  const observe = (sentMs: number, acknowledgedMs: number, appendMs: number): void =>
    clock.observe(START_MS + sentMs, START_MS + acknowledgedMs, START_MS + appendMs);

  /** What the broker’s clock is found to be ahead. */
  const offset = (): number => clock.now() - clock.local();

  it('is the local clock until something is known', () => {
    localMs = 123.5;
    expect([clock.now(), clock.local()]).toEqual([123.5, 123.5]);
  });

  it('stays the local clock while the two may be equal', () => {
    observe(100, 110, 105);
    observe(100, 101, 100);
    expect(offset()).toBe(0);
  });

  it.each([300_000, -300_000])('finds a broker whose clock is %i ms off, within the round trip', (skewMs) => {
    observe(1_000, 1_010, 1_005 + skewMs);
    expect(Math.abs(offset() - skewMs)).toBeLessThanOrEqual(10);
  });

  it('gets better with every request, and never leaves its bounds', () => {
    const random = seededRandom(9);
    const skewMs = 5_000.25;
    let worst = Infinity;
    for (let i = 0; i < 200; i++) {
      const sentMs = i * 50;
      const there = random.next() * 20;
      const back = random.next() * 20;
      observe(sentMs, sentMs + there + back, Math.floor(sentMs + there + skewMs));
      const errorMs = Math.abs(offset() - skewMs);
      expect(errorMs).toBeLessThanOrEqual(Math.max(worst, 21));
      worst = Math.max(errorMs, 1);
    }
    expect(Math.abs(offset() - skewMs)).toBeLessThan(2);
  });

  it('takes nothing from a topic without append time', () => {
    clock.observe(1_000, 1_010, -1);
    expect(offset()).toBe(0);
  });

  it('believes the newest when a clock was set', () => {
    observe(0, 2, 60_001);
    observe(100, 102, 60_101);
    observe(200, 202, 201 - 60_000);
    expect(Math.abs(offset() + 60_000)).toBeLessThanOrEqual(2);
    observe(300, 302, 301);
    expect(offset()).toBe(0);
  });

  it('has a clock of its own that nobody sets back', () => {
    const monotonic = new BrokerClock();
    const before = monotonic.now();
    const realNow = Date.now;
    Date.now = () => 0;
    try {
      expect(monotonic.now()).toBeGreaterThanOrEqual(before);
    } finally {
      Date.now = realNow;
    }
    expect(Math.abs(monotonic.now() - Date.now())).toBeLessThan(1_000);
  });
});
