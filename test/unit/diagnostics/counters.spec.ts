import { COUNTER_NAMES, Counters } from '../../../lib/diagnostics/counters.js';
import { REFUSAL_REASONS } from '../../../lib/diagnostics/refusal-reasons.js';

describe('Counters', () => {
  it('begin at zero, every one of them', () => {
    const { refusals, ...counts } = new Counters().snapshot();
    expect(Object.keys(counts)).toEqual([...COUNTER_NAMES]);
    expect(Object.keys(refusals)).toEqual([...REFUSAL_REASONS]);
    expect(new Set([...Object.values(counts), ...Object.values(refusals)])).toEqual(new Set([0]));
  });

  it('count by one, or by more', () => {
    const counters = new Counters();
    counters.add('callsStarted');
    counters.add('callsStarted', 4);
    expect(counters.snapshot()).toMatchObject({ callsStarted: 5, callsExpired: 0 });
  });

  it('count refused records by reason, and in all', () => {
    const counters = new Counters();
    counters.addRefusal('stages');
    counters.addRefusal('stages');
    counters.addRefusal('size');
    const { recordsRefused, refusals } = counters.snapshot();
    expect([recordsRefused, refusals.stages, refusals.size, refusals.mismatch]).toEqual([3, 2, 1, 0]);
  });

  it('count no record as refused of which only messages are', () => {
    const counters = new Counters();
    for (const reason of ['message', 'replay', 'stale'] as const) counters.addRefusal(reason);
    const { recordsRefused, refusals } = counters.snapshot();
    expect([recordsRefused, refusals.message, refusals.replay, refusals.stale]).toEqual([0, 1, 1, 1]);
  });

  it('give snapshots that later counts do not change', () => {
    const counters = new Counters();
    const before = counters.snapshot();
    counters.add('callsStarted');
    counters.addRefusal('size');
    expect([before.callsStarted, before.refusals.size]).toEqual([0, 0]);
  });

  it('of one server or client are not those of another', () => {
    const [one, other] = [new Counters(), new Counters()];
    one.add('lateReplies');
    expect(other.snapshot().lateReplies).toBe(0);
  });
});
