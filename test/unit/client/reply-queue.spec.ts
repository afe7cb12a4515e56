import { ReplyQueue, type ReplyBatch } from '../../../lib/client/reply-queue.js';
import { SERVER_ID, CLIENT_ID } from '../../support/incoming-calls.js';
import { consumed } from '../../support/raw-records.js';
import { until } from '../../support/until.js';

const MAX_WAITING = 4_096;

/** A record of replies to the calls from `first` on. */
const replies = (first: number, count: number): ReplyBatch => ({
  record: consumed({}),
  envelope: { direction: 'reply', sender: SERVER_ID, recipient: CLIENT_ID, contentType: 'json', stages: '' },
  messages: Array.from({ length: count }, (_, i) => ({ kind: 'cancel', seq: first + i })),
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('ReplyQueue', () => {
  it('hands on few replies at once', () => {
    const taken: number[] = [];
    const queue = new ReplyQueue(({ seq }) => taken.push(seq));
    queue.add(replies(0, 50));
    expect(taken).toEqual(numbers(50));
  });

  it('hands on many in their order, over all records', async () => {
    const taken: number[] = [];
    const queue = new ReplyQueue(({ seq }) => taken.push(seq));
    for (const first of [0, 300, 600]) queue.add(replies(first, 300));
    expect(taken.length).toBeLessThan(900);
    await until(() => taken.length >= 900);
    expect(taken).toEqual(numbers(900));
  });

  it('lets callers go on with the first answers before it hands on the last', async () => {
    const marks: string[] = [];
    const queue = new ReplyQueue(({ seq }) => {
      if (seq === 0) void Promise.resolve().then(() => marks.push('the caller of 0 goes on'));
      if (seq === 499) marks.push('499 is handed on');
    });
    queue.add(replies(0, 500));
    await until(() => marks.length === 2);
    expect(marks).toEqual(['the caller of 0 goes on', '499 is handed on']);
  });

  it('keeps the order when a caller does what brings more replies', async () => {
    const taken: number[] = [];
    const queue = new ReplyQueue(({ seq }) => {
      taken.push(seq);
      if (seq === 0) queue.add(replies(10, 10));
    });
    queue.add(replies(0, 10));
    await until(() => taken.length === 20);
    expect(taken).toEqual(numbers(20));
  });

  it('holds up who reads faster than callers take: only so many wait', () => {
    let taken = 0;
    const queue = new ReplyQueue(() => (taken += 1));
    for (let i = 0; i < 10; i++) queue.add(replies(i * 1_000, 1_000));
    expect(taken).toBeGreaterThanOrEqual(10_000 - MAX_WAITING);
    expect(taken).toBeLessThan(10_000);
  });
});
