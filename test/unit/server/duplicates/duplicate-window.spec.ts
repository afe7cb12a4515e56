import { DuplicateWindow } from '../../../../lib/server/duplicates/duplicate-window.js';

const LIMITS = { ttlMs: 1_000, maxBytes: 1024 * 1024 };

describe('DuplicateWindow', () => {
  const place = {};
  let nowMs: number;
  let window: DuplicateWindow;

  beforeEach(() => {
    nowMs = 50_000;
    window = new DuplicateWindow(LIMITS);
  });

  const add = (seq: number, { sender = 'a', at = place }: { sender?: string; at?: object } = {}): boolean =>
    window.numbersOf(at, sender, nowMs).add(seq);

  it('knows a call again', () => {
    expect([add(1), add(1)]).toEqual([true, false]);
  });

  it('tells senders apart, and partitions', () => {
    add(1);
    expect(add(1, { sender: 'b' })).toBe(true);
    expect(add(1, { at: {} })).toBe(true);
  });

  it('remembers a call as long as it says, though nothing else comes', () => {
    add(1);
    nowMs += LIMITS.ttlMs;
    expect(add(1)).toBe(false);
  });

  it('has forgotten it after twice as long', () => {
    add(1);
    nowMs += LIMITS.ttlMs;
    add(2);
    nowMs += LIMITS.ttlMs;
    expect(add(1)).toBe(true);
  });

  it('forgets the oldest when it takes too much memory', () => {
    add(1);
    let bytes = 0;
    for (let sender = 0; bytes < LIMITS.maxBytes; sender++, bytes += 200) add(1, { sender: `s${sender}` });
    expect(add(1)).toBe(true);
    expect(add(1, { sender: `s${Math.floor(LIMITS.maxBytes / 200)}` })).toBe(false);
  });

  it('forgets a partition that is lost', () => {
    add(1);
    window.forget(place);
    expect(add(1)).toBe(true);
  });
});
