import { Counters } from '../../../../lib/diagnostics/counters.js';
import { hearCredit } from '../../../../lib/server/streams/heard-credit.js';
import { MAX_CREDIT } from '../../../../lib/protocol/stream-credit.js';
import { StreamCredit } from '../../../../lib/server/streams/stream-credit.js';
import { event, incomingCall } from '../../../support/incoming-calls.js';

describe('StreamCredit', () => {
  it('is used up by values', () => {
    const credit = new StreamCredit({ values: 2, bytes: 100 });
    credit.spend(1);
    expect([credit.has(1), credit.has(2)]).toEqual([true, false]);
    credit.spend(1);
    expect(credit.has(1)).toBe(false);
  });

  it('is used up by bytes, of which the last value may be more', () => {
    const credit = new StreamCredit({ values: 10, bytes: 100 });
    credit.spend(99);
    expect(credit.has(1)).toBe(true);
    credit.spend(1_000);
    expect(credit.has(1)).toBe(false);
    credit.add({ values: 0, bytes: 999 });
    expect(credit.has(1)).toBe(false);
    credit.add({ values: 0, bytes: 1 });
    expect(credit.has(1)).toBe(true);
  });

  it('is replaced before the first value, and added to after', () => {
    const credit = new StreamCredit({ values: 1_000, bytes: 1_000 });
    expect(credit.add({ values: 2, bytes: 50 })).toBe(true);
    expect([credit.has(2), credit.has(3)]).toEqual([true, false]);
    credit.spend(1);
    credit.add({ values: 2, bytes: 50 });
    expect([credit.has(3), credit.has(4)]).toEqual([true, false]);
  });

  it('is never more than there may be', () => {
    const credit = new StreamCredit({ values: 0xffff_ffff, bytes: 0xffff_ffff });
    expect(credit.has(MAX_CREDIT.values)).toBe(true);
    expect(credit.has(MAX_CREDIT.values + 1)).toBe(false);
    credit.spend(1);
    for (let i = 0; i < 10; i++) expect(credit.add({ values: 0xffff_ffff, bytes: 0xffff_ffff })).toBe(false);
    expect(credit.has(MAX_CREDIT.values)).toBe(true);
    expect(credit.has(MAX_CREDIT.values + 1)).toBe(false);
  });

  it('says when there is more', () => {
    const credit = new StreamCredit({ values: 1, bytes: 1 });
    credit.onMore = jest.fn();
    credit.add({ values: 1, bytes: 1 });
    expect(credit.onMore).toHaveBeenCalledTimes(1);
  });
});

describe('credit that is heard', () => {
  let counters: Counters;
  beforeEach(() => (counters = new Counters()));

  const ignored = (): number => counters.snapshot().creditsIgnored;
  const credit = { kind: 'credit', seq: 1, count: 5, bytes: 10 } as const;

  it('goes to its call', () => {
    const call = incomingCall();
    hearCredit(call, credit, counters);
    expect(call.streamCredit()?.has(5)).toBe(true);
    expect(call.streamCredit()?.has(6)).toBe(false);
    expect(ignored()).toBe(0);
  });

  it('says nothing of bytes when it has none', () => {
    const call = incomingCall();
    hearCredit(call, { kind: 'credit', seq: 1, count: 5 }, counters);
    call.streamCredit()?.spend(1_000_000);
    expect(call.streamCredit()?.has(4)).toBe(true);
  });

  it('is counted when it is for no call, for an event, for one that is over, or for too much', () => {
    hearCredit(undefined, credit, counters);
    hearCredit(incomingCall({ message: event() }), credit, counters);
    const over = incomingCall();
    over.stop('cancelled');
    hearCredit(over, credit, counters);
    hearCredit(incomingCall(), { ...credit, count: 0xffff_ffff }, counters);
    expect(ignored()).toBe(4);
  });

  it('is a sign of life when it is none', () => {
    hearCredit(undefined, { kind: 'credit', seq: 1, count: 0 }, counters);
    expect(ignored()).toBe(0);
  });

  it('does not brake a call whose caller never said that it gives any, until it does', () => {
    expect(incomingCall().streamCredit()).toBeUndefined();
  });
});
