import { Counters } from '../../../lib/diagnostics/counters.js';
import { RpcError } from '../../../lib/errors/rpc-error.js';
import { ReplyStream } from '../../../lib/server/reply-stream.js';
import { RequestClock } from '../../../lib/server/request-clock.js';
import { BrokerClock } from '../../../lib/wire/broker-clock.js';
import { Codec } from '../../../lib/wire/codec.js';
import { json } from '../../../lib/wire/serializers/json.js';
import type { IncomingCall } from '../../../lib/server/incoming-call.js';
import { CapturedOutbox } from '../../support/captured-outbox.js';
import { incomingCall, REPLIES, request } from '../../support/incoming-calls.js';

const RUN = 5;
const NOW_MS = 1_000;
const TTL_MS = 10_000;

describe('ReplyStream', () => {
  let outbox: CapturedOutbox;
  let call: IncomingCall;
  let finished: jest.Mock;
  let nowMs: number;
  let replies: ReplyStream;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask'] });
    nowMs = NOW_MS;
    outbox = new CapturedOutbox();
    call = incomingCall({ message: request({ seq: 7, ttlMs: TTL_MS }), receivedAtMs: 900 });
    call.start({ stop: () => undefined });
    finished = jest.fn();
    call.whenFinished(finished);
    const road = {
      outbox: outbox.asOutbox(),
      codec: new Codec(json()),
      clock: new RequestClock(new BrokerClock(() => nowMs)),
      counters: new Counters(),
    };
    replies = new ReplyStream(call, REPLIES, RUN, road);
  });

  afterEach(() => jest.useRealTimers());

  const facts = { seq: 7, run: RUN };
  const end = { ...facts, receivedAtMs: 900, repliedAtMs: NOW_MS };
  const isFinished = (): boolean => finished.mock.calls.length > 0;

  it('answers with one value in one message', () => {
    replies.value({ a: 1 });
    expect(outbox.messages).toEqual([
      { kind: 'complete', ...end, index: 0, payload: Buffer.from('{"a":1}') },
    ]);
    expect(outbox.destinations).toEqual([REPLIES]);
  });

  it('numbers the values of a stream, and counts them in its end', async () => {
    expect([replies.next('a'), replies.next('b')]).toEqual([true, true]);
    await Promise.resolve();
    replies.complete();
    expect(outbox.messages).toEqual([
      { kind: 'next', ...facts, index: 0, payload: Buffer.from('"a"') },
      { kind: 'next', ...facts, index: 1, payload: Buffer.from('"b"') },
      { kind: 'complete', ...end, index: 2, payload: null },
    ]);
  });

  it('carries the last value in its end when that comes right behind it', () => {
    replies.next('a');
    replies.next('b');
    replies.complete();
    expect(outbox.messages).toEqual([
      { kind: 'next', ...facts, index: 0, payload: Buffer.from('"a"') },
      { kind: 'complete', ...end, index: 1, payload: Buffer.from('"b"') },
    ]);
  });

  it('sends nothing more of a call that was stopped, not even a value that it has', async () => {
    replies.next('a');
    call.stop('cancelled');
    await Promise.resolve();
    expect(outbox.messages).toEqual([]);
  });

  it('ends once: what comes after the end is not sent', () => {
    replies.complete();
    replies.value(1);
    replies.error(new RpcError('INTERNAL', 'late'));
    expect(replies.next(1)).toBe(false);
    expect(outbox.messages).toHaveLength(1);
  });

  it('finishes the call when the broker has the end, not before', () => {
    replies.next('a');
    outbox.settle();
    expect(isFinished()).toBe(false);
    replies.complete();
    expect(isFinished()).toBe(false);
    outbox.settle();
    expect(isFinished()).toBe(true);
  });

  it('answers with an error, with all that is known of it', () => {
    replies.error(new RpcError('NOT_FOUND', 'gone', { details: { id: 7 }, retryable: true }));
    expect(outbox.messages).toEqual([
      {
        kind: 'error',
        ...end,
        status: 'NOT_FOUND',
        message: 'gone',
        retryable: true,
        details: Buffer.from('{"id":7}'),
      },
    ]);
  });

  it('answers with INTERNAL when the value cannot be serialized', () => {
    replies.value(1n);
    expect(outbox.messages).toMatchObject([{ kind: 'error', status: 'INTERNAL' }]);
  });

  it('takes no value that cannot be serialized, and ends behind those before it', () => {
    replies.next(1);
    expect(() => replies.next(2n)).toThrow(RpcError);
    replies.error(new RpcError('INTERNAL', 'x'));
    expect(outbox.messages).toMatchObject([{ kind: 'next' }, { kind: 'error', status: 'INTERNAL' }]);
  });

  it('ends a stream with the error at a value that the outbox does not take', async () => {
    outbox.refusals.push(new RpcError('RESOURCE_EXHAUSTED', 'too large', { retryable: false }));
    replies.next('large');
    await Promise.resolve();
    expect(replies.next('more')).toBe(false);
    expect(outbox.messages).toMatchObject([{ kind: 'error', status: 'RESOURCE_EXHAUSTED' }]);
  });

  it('ends a stream when the broker did not take one of its values', async () => {
    replies.next('a');
    await Promise.resolve();
    replies.next('lost with it');
    outbox.settle(new RpcError('UNAVAILABLE', 'no broker'));
    expect(outbox.messages).toMatchObject([{ kind: 'next' }, { kind: 'error', status: 'UNAVAILABLE' }]);
    expect(replies.next('b')).toBe(false);
  });

  it('sends an end that did not arrive again, until it does', () => {
    replies.value(1);
    outbox.settle(new RpcError('UNAVAILABLE', 'no broker'));
    expect(isFinished()).toBe(false);
    jest.advanceTimersByTime(300);
    outbox.settle(new RpcError('UNAVAILABLE', 'no broker'));
    jest.advanceTimersByTime(300);
    expect(outbox.messages).toHaveLength(3);
    expect(new Set(outbox.messages.map(({ kind }) => kind))).toEqual(new Set(['complete']));
    outbox.settle();
    expect(isFinished()).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('sends no end again when the deadline has passed: nobody waits for it', () => {
    replies.value(1);
    nowMs = TTL_MS + 1;
    outbox.settle(new RpcError('UNAVAILABLE', 'no broker'));
    expect(isFinished()).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('tells the caller of an end that can never be sent', () => {
    outbox.refusals.push(new RpcError('RESOURCE_EXHAUSTED', '2 MB', { retryable: false }));
    replies.value('large');
    expect(outbox.messages).toMatchObject([
      { kind: 'error', status: 'RESOURCE_EXHAUSTED', message: '2 MB', details: Buffer.alloc(0) },
    ]);
  });

  it('gives up when not even the error can be sent', () => {
    const never = (): RpcError => new RpcError('FAILED_PRECONDITION', 'no write');
    replies.value(1);
    outbox.settle(never());
    expect(outbox.messages).toMatchObject([
      { kind: 'complete' },
      { kind: 'error', status: 'FAILED_PRECONDITION' },
    ]);
    outbox.settle(never());
    expect(isFinished()).toBe(true);
    expect(outbox.messages).toHaveLength(2);
  });

  it('sends nothing for a call that was stopped', () => {
    call.stop('cancelled');
    replies.value(1);
    replies.error(new RpcError('INTERNAL', 'late'));
    expect(replies.next(1)).toBe(false);
    expect(outbox.messages).toEqual([]);
  });

  it('leaves a call unfinished that was interrupted while its end was on the way', () => {
    replies.value(1);
    call.stop('closing');
    outbox.settle(new RpcError('UNAVAILABLE', 'closed'));
    expect(isFinished()).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });
});
