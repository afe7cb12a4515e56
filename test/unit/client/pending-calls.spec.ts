import { PendingCalls } from '../../../lib/client/pending-calls.js';
import { RpcError } from '../../../lib/errors/rpc-error.js';
import { RecordedCall } from '../../support/recorded-calls.js';

describe('PendingCalls', () => {
  let expired: number;
  let calls: PendingCalls;

  beforeEach(() => {
    jest.useFakeTimers();
    expired = 0;
    calls = new PendingCalls(3, () => (expired += 1));
  });

  afterEach(() => jest.useRealTimers());

  const add = (
    seq: number,
    { timeLeftMs = 1_000, ...facts }: { timeLeftMs?: number; caller?: object } = {},
  ): RecordedCall => {
    const recorded = new RecordedCall({ seq, ...facts }, (call) => calls.remove(call));
    calls.add(recorded.call, timeLeftMs);
    return recorded;
  };

  it('find a call by its number while it is open', () => {
    const one = add(1);
    expect(calls.get(1)).toBe(one.call);
    expect(calls.get(2)).toBeUndefined();
    one.complete(0, null);
    expect(calls.get(1)).toBeUndefined();
    expect(calls.size).toBe(0);
  });

  it('refuse more than there is room for with RESOURCE_EXHAUSTED, saying how many', () => {
    const [first] = [add(1), add(2), add(3)];
    const error = (): RpcError => {
      try {
        calls.checkRoom();
      } catch (thrown) {
        return thrown as RpcError;
      }
      throw new Error('There was room.');
    };
    expect(error()).toMatchObject({ status: 'RESOURCE_EXHAUSTED', retryable: true });
    expect(error().message).toBe(
      '3 calls are open, maxOpenCalls is 3: wait for answers before calling more.',
    );
    first.complete(0, null);
    expect(() => calls.checkRoom()).not.toThrow();
  });

  it('end each call at its own deadline, and count it', () => {
    const [quick, slow] = [add(1, { timeLeftMs: 100 }), add(2, { timeLeftMs: 500 })];
    jest.advanceTimersByTime(99);
    expect(quick.heard).toEqual([]);
    jest.advanceTimersByTime(21);
    expect([quick.heard, slow.heard, expired]).toEqual([['DEADLINE_EXCEEDED'], [], 1]);
    jest.advanceTimersByTime(500);
    expect([slow.heard, expired, calls.size]).toEqual([['DEADLINE_EXCEEDED'], 2, 0]);
  });

  it('run one timer for all calls, and none for none', () => {
    const all = [add(1), add(2), add(3)];
    expect(jest.getTimerCount()).toBe(1);
    for (const one of all) one.complete(0, null);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('fail all calls of one client, and leave those of others', () => {
    const [mine, yours] = [{}, {}];
    const [a, b, c] = [add(1, { caller: mine }), add(2, { caller: yours }), add(3, { caller: mine })];
    calls.failAllOf(mine, new RpcError('CANCELLED', 'closed'));
    expect([a.heard, b.heard, c.heard]).toEqual([['CANCELLED'], [], ['CANCELLED']]);
    expect(calls.size).toBe(1);
    b.complete(0, null);
  });
});
