import type { PendingCall } from '../../../lib/client/pending-call.js';
import { SignsOfLife } from '../../../lib/client/signs-of-life.js';
import type { Message } from '../../../lib/protocol/message.js';
import type { Destination } from '../../../lib/wire/destination-queue.js';

const EVERY_MS = 5_000;

describe('SignsOfLife', () => {
  const there = { partition: 0 } as Destination;
  const elsewhere = { partition: 1 } as Destination;
  let calls: PendingCall[];
  let sent: [number, Message][];
  let signs: SignsOfLife;
  let isFull: boolean;

  const call = (seq: number, destination = there, hasLeft = true): void => {
    calls.push({ seq, destination, hasLeft } as PendingCall);
    signs.begin();
  };

  beforeEach(() => {
    jest.useFakeTimers();
    calls = [];
    sent = [];
    isFull = false;
    signs = new SignsOfLife({
      everyMs: EVERY_MS,
      calls: {
        get size() {
          return calls.length;
        },
        all: () => calls,
      },
      lastSeq: () => calls.at(-1)?.seq ?? 0,
      outbox: () => ({
        send: ({ partition }, message) => {
          if (isFull) throw new Error('full');
          sent.push([partition, message]);
        },
      }),
    });
  });

  afterEach(() => {
    signs.close();
    jest.useRealTimers();
  });

  const pass = (intervals: number): void => void jest.advanceTimersByTime(intervals * EVERY_MS);

  it('are given once per interval and partition, for calls that are open for longer than one', () => {
    call(1);
    call(2);
    call(3, elsewhere);
    pass(1);
    expect(sent).toEqual([]);
    pass(2);
    const first = { kind: 'credit', seq: 1, count: 0 };
    const third = { kind: 'credit', seq: 3, count: 0 };
    expect(sent).toEqual([
      [0, first],
      [1, third],
      [0, first],
      [1, third],
    ]);
  });

  it('are not given for short calls, and take no timer when nothing is open', () => {
    for (let seq = 1; seq < 5; seq++) {
      calls = [];
      call(seq);
      pass(1);
    }
    expect(sent).toEqual([]);
    calls = [];
    pass(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('are not given for what has not left, and go on when the outbox was full', () => {
    call(1, there, false);
    call(2, elsewhere);
    isFull = true;
    pass(2);
    isFull = false;
    pass(1);
    expect(sent).toEqual([[1, { kind: 'credit', seq: 2, count: 0 }]]);
  });
});
