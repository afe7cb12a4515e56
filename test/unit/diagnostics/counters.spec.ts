import { COUNTER_NAMES, Counters } from '../../../lib/diagnostics/counters.js';

describe('Counters', () => {
  it('begin at zero, every one of them', () => {
    const snapshot = new Counters().snapshot();
    expect(Object.keys(snapshot)).toEqual([...COUNTER_NAMES]);
    expect(new Set(Object.values(snapshot))).toEqual(new Set([0]));
  });

  it('count by one, or by more', () => {
    const counters = new Counters();
    counters.add('callsStarted');
    counters.add('callsStarted', 4);
    expect(counters.snapshot()).toMatchObject({ callsStarted: 5, callsExpired: 0 });
  });

  it('give snapshots that later counts do not change', () => {
    const counters = new Counters();
    const before = counters.snapshot();
    counters.add('callsStarted');
    expect(before.callsStarted).toBe(0);
  });

  it('of one server or client are not those of another', () => {
    const [one, other] = [new Counters(), new Counters()];
    one.add('lateReplies');
    expect(other.snapshot().lateReplies).toBe(0);
  });
});
