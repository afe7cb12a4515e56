import { Counters } from '../../../lib/diagnostics/counters.js';
import { MAX_CLOCK_ERROR_MS, ReplayGuard } from '../../../lib/server/replay-guard.js';
import { CLIENT_ID, event, request } from '../../support/incoming-calls.js';
import { consumed } from '../../support/raw-records.js';

const OTHER_ID = Buffer.alloc(16, 9);
const NOW_MS = 1_000_000;

interface Read {
  readonly seqs: readonly number[];
  readonly sender?: Buffer;
  readonly partition?: number;
  readonly topic?: string;
  /** @default one that was not read before */
  readonly offset?: bigint;
}

describe('ReplayGuard', () => {
  let counters: Counters;
  let guard: ReplayGuard;
  let nextOffset: bigint;

  beforeEach(() => {
    counters = new Counters();
    guard = new ReplayGuard(counters);
    nextOffset = 0n;
  });

  /** @returns the calls of the record that are to be run. */
  const read = ({ seqs, sender = CLIENT_ID, ...place }: Read): readonly number[] => {
    const record = consumed({ offset: nextOffset++, ...place, timestampMs: NOW_MS });
    const guarded = guard.guard({ record, caller: { id: sender }, receivedAtMs: NOW_MS });
    return seqs.filter((seq) => guarded.judge(request({ seq, sentAtMs: NOW_MS })) === 'new');
  };

  const allowAgain = (seqs: readonly number[], offset = 0n): void => {
    const record = consumed({ offset });
    const guarded = guard.guard({ record, caller: { id: CLIENT_ID }, receivedAtMs: NOW_MS });
    for (const seq of seqs) guarded.allowAgain(request({ seq }));
  };

  it('admits calls whose numbers grow, however far', () => {
    expect(read({ seqs: [1, 2, 9] })).toEqual([1, 2, 9]);
    expect(read({ seqs: [10, 2 ** 47] })).toEqual([10, 2 ** 47]);
    expect(counters.snapshot()).toMatchObject({ callsReplayed: 0, callsStale: 0 });
  });

  it('admits none a second time', () => {
    read({ seqs: [1, 5, 9] });
    expect(read({ seqs: [1, 5, 9] })).toEqual([]);
    expect(counters.snapshot()).toMatchObject({ callsReplayed: 3, recordsRedelivered: 0 });
  });

  it('takes none for appended again that it reads at its own place again, and admits it no more', () => {
    read({ seqs: [1, 5], offset: 3n });
    read({ seqs: [9], offset: 4n });
    for (const offset of [3n, 4n]) expect(read({ seqs: [1, 5, 9], offset })).toEqual([]);
    expect(counters.snapshot()).toMatchObject({ callsReplayed: 0, recordsRedelivered: 6 });
    expect(read({ seqs: [9], offset: 5n })).toEqual([]);
    expect(counters.snapshot().callsReplayed).toBe(1);
  });

  it('knows places anew when its topic was made anew', () => {
    read({ seqs: [9], offset: 1_000n });
    expect(read({ seqs: [10], offset: 0n })).toEqual([10]);
    expect(read({ seqs: [10], offset: 1n })).toEqual([]);
    expect(counters.snapshot().callsReplayed).toBe(1);
  });

  it('admits none that another server may have run before this one heard of the sender', () => {
    read({ seqs: [100] });
    expect(read({ seqs: [40] })).toEqual([]);
  });

  it('admits none that another server may have run while the partition was there', () => {
    read({ seqs: [1, 2] });
    expect(read({ seqs: [90, 40] })).toEqual([90]);
    expect(counters.snapshot()).toMatchObject({ callsReplayed: 1, recordsRedelivered: 0 });
  });

  it.each<[string, Omit<Read, 'seqs'>]>([
    ['sender', { sender: OTHER_ID }],
    ['partition', { partition: 1 }],
    ['topic', { topic: 'rpc.audit.requests' }],
  ])('tells one %s from another', (_what, other) => {
    read({ seqs: [7] });
    expect(read({ seqs: [7], ...other })).toEqual([7]);
  });

  it('admits once more what was let go of, and nothing beside it', () => {
    const seqs = [1, 2, 3, 4];
    read({ seqs });
    allowAgain([2, 4]);
    expect(read({ seqs, offset: 0n })).toEqual([2, 4]);
    expect(read({ seqs, offset: 0n })).toEqual([]);
  });

  it('admits what was let go of at no other place: another server may have run it', () => {
    read({ seqs: [1, 2] });
    allowAgain([2]);
    expect(read({ seqs: [1, 2], offset: 7n })).toEqual([]);
    expect(counters.snapshot().callsReplayed).toBe(2);
    expect(read({ seqs: [1, 2], offset: 0n })).toEqual([2]);
  });

  it('forgets the oldest of what was let go of when that is too much', () => {
    guard = new ReplayGuard(counters, { maxSenders: 10, maxRunnableAgain: 2 });
    read({ seqs: [1, 2, 3] });
    allowAgain([1, 2, 3]);
    expect(read({ seqs: [1, 2, 3], offset: 0n })).toEqual([2, 3]);
  });

  it('remembers the senders heard of last, and no more than it may', () => {
    guard = new ReplayGuard(counters, { maxSenders: 10, maxRunnableAgain: 10 });
    const sender = (n: number): Buffer => Buffer.alloc(16, n);
    for (let n = 0; n < 100; n++) {
      read({ seqs: [n + 2], sender: sender(200) });
      read({ seqs: [5], sender: sender(n) });
    }
    expect(read({ seqs: [50], sender: sender(200) })).toEqual([]);
    expect(read({ seqs: [5], sender: sender(99) })).toEqual([]);
    expect(read({ seqs: [5], sender: sender(0) })).toEqual([5]);
  });

  describe('of a record that is young', () => {
    const verdict = (sentAgoMs: number, ttlMs: number, appendedAgoMs = 0): string => {
      const record = consumed({ timestampMs: NOW_MS - appendedAgoMs });
      const guarded = guard.guard({ record, caller: { id: CLIENT_ID }, receivedAtMs: NOW_MS });
      return guarded.judge(event({ sentAtMs: NOW_MS - sentAgoMs, ttlMs }));
    };

    it('admits a call within its time to live and the error of two clocks', () => {
      expect(verdict(10_000 + MAX_CLOCK_ERROR_MS, 10_000)).toBe('new');
    });

    it('admits no call that was sent before that', () => {
      expect(verdict(10_000 + MAX_CLOCK_ERROR_MS + 1, 10_000)).toBe('stale');
      expect(counters.snapshot()).toMatchObject({ callsStale: 1, callsReplayed: 0 });
    });

    it('admits a call that was sent in the future, by a clock that is ahead', () => {
      expect(verdict(-600_000, 10_000)).toBe('new');
    });

    it('admits an event without time to live, however old', () => {
      expect(verdict(NOW_MS, 0)).toBe('new');
    });

    it('leaves a call that is as old as its record to its time to live', () => {
      expect(verdict(600_000, 10_000, 600_000)).toBe('new');
    });
  });
});
