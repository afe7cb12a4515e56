import { concat, EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { RpcError } from '../../../lib/errors/rpc-error.js';
import { DispatchBench, isFinished, type Handle } from '../../support/dispatch-bench.js';
import { CLIENT_ID, incomingCall, request } from '../../support/incoming-calls.js';

describe('Dispatcher', () => {
  let bench: DispatchBench;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
    bench = new DispatchBench();
  });

  afterEach(() => jest.useRealTimers());

  describe('answers a call', () => {
    it.each<[string, Handle, unknown]>([
      ['with the value', () => 3, 3],
      ['with what the promise gives', async () => 3, 3],
      ['with null', () => null, null],
    ])('%s of its handler', async (_what, how, value) => {
      bench.handle(how);
      await bench.dispatch();
      expect(bench.outbox.messages).toMatchObject([{ kind: 'complete', index: 0, run: 1 }]);
      expect(JSON.parse((bench.outbox.messages[0] as { payload: Buffer }).payload.toString())).toEqual(value);
      expect(bench.freed).toBe(1);
    });

    it('with undefined, which is a value too', async () => {
      bench.handle(() => undefined);
      await bench.dispatch();
      expect(bench.outbox.messages).toMatchObject([{ kind: 'complete', payload: Buffer.alloc(0) }]);
    });

    it('with each value of an Observable as it comes', async () => {
      const values = new Subject<number>();
      bench.handle(() => values);
      await bench.dispatch();
      values.next(1);
      values.next(2);
      await Promise.resolve();
      expect([bench.kinds, bench.freed]).toEqual([['next', 'next'], 0]);
      values.complete();
      await bench.settle();
      expect([bench.kinds, bench.freed]).toEqual([['next', 'next', 'complete'], 1]);
    });

    it('with nothing but the end when the Observable is empty', async () => {
      bench.handle(() => EMPTY);
      await bench.dispatch();
      expect(bench.outbox.messages).toMatchObject([{ kind: 'complete', index: 0, payload: null }]);
    });

    it('under a run of its own: no two executions have the same', async () => {
      bench.handle(() => 1);
      await bench.dispatch();
      await bench.dispatch();
      expect(bench.outbox.messages).toMatchObject([{ run: 1 }, { run: 2 }]);
    });

    it('and finishes it when the broker has the answer', async () => {
      bench.handle(() => 1);
      const call = await bench.dispatch();
      expect(isFinished(call)).toBe(false);
      bench.outbox.settle();
      expect(isFinished(call)).toBe(true);
    });
  });

  describe('fails a call', () => {
    const notFound = (): RpcError => new RpcError('NOT_FOUND', 'x');
    const raise = (error: unknown): never => {
      throw error;
    };

    it.each<[string, Handle, string]>([
      ['that throws', () => raise(notFound()), 'NOT_FOUND'],
      ['that rejects', () => Promise.reject(notFound()), 'NOT_FOUND'],
      ['whose Observable fails', () => throwError(notFound), 'NOT_FOUND'],
      ['that throws what is no error', () => raise('x'), 'UNKNOWN'],
      ['whose value cannot be serialized', () => 1n, 'INTERNAL'],
      [
        'whose Observable cannot be subscribed to',
        () => new Observable(() => raise(new Error('x'))),
        'INTERNAL',
      ],
    ])('of a handler %s', async (_what, how, status) => {
      bench.handle(how);
      await bench.dispatch();
      expect(bench.outbox.messages).toMatchObject([{ kind: 'error', status }]);
      expect(bench.freed).toBe(1);
    });

    it('whose stream fails after its values, and drops what comes later', async () => {
      bench.handle(() => concat(of(1), throwError(notFound), of(2)));
      await bench.dispatch();
      expect(bench.kinds).toEqual(['next', 'error']);
    });

    it('whose stream gives a value that cannot be sent, and unsubscribes from it', async () => {
      let unsubscribed = 0;
      bench.handle(
        () =>
          new Observable((subscriber) => {
            subscriber.next(1n);
            subscriber.next(2);
            return () => (unsubscribed += 1);
          }),
      );
      await bench.dispatch();
      expect([bench.kinds, unsubscribed, bench.freed]).toEqual([['error'], 1, 1]);
    });

    it('that no handler is for, naming pattern and topic', async () => {
      await bench.dispatch();
      const message =
        'No handler for "sum.add" on topic rpc.sum.requests: is there a @MessagePattern for it?';
      expect(bench.outbox.messages).toMatchObject([{ kind: 'error', status: 'UNIMPLEMENTED', message }]);
      expect(bench.freed).toBe(1);
    });

    it('whose pattern is for events only, without running it', async () => {
      const run = jest.fn();
      bench.handle(run, true);
      await bench.dispatch();
      expect(bench.outbox.messages).toMatchObject([{ kind: 'error', status: 'UNIMPLEMENTED' }]);
      expect(run).not.toHaveBeenCalled();
    });

    it.each([
      ['is not what the serializer reads', { message: request({ payload: Buffer.from('{') }) }],
      ['has another content type', { envelope: { contentType: 'msgpack' } }],
    ])('whose data %s, without running a handler', async (_what, parts) => {
      const run = jest.fn();
      bench.handle(run);
      await bench.dispatch(incomingCall(parts));
      expect(bench.outbox.messages).toMatchObject([{ kind: 'error', status: 'INVALID_ARGUMENT' }]);
      expect(run).not.toHaveBeenCalled();
      expect(bench.freed).toBe(1);
    });
  });

  describe('does not start', () => {
    it('a call whose time is over: it is finished, counted, and not answered', async () => {
      const run = jest.fn();
      bench.handle(run);
      bench.nowMs = 10_000;
      const call = await bench.dispatch(incomingCall({ message: request({ ttlMs: 10_000 }) }));
      expect(run).not.toHaveBeenCalled();
      expect([isFinished(call), bench.freed, bench.kinds]).toEqual([true, 0, []]);
      expect(bench.counters.snapshot()).toMatchObject({ callsExpired: 1, callsStarted: 0 });
    });

    it('a call that was cancelled while it waited: it leaves the queue', async () => {
      const run = jest.fn();
      bench.handle(run);
      bench.isQueueing = true;
      const call = await bench.dispatch();
      call.stop('cancelled');
      expect(run).not.toHaveBeenCalled();
      expect([bench.left, bench.freed, isFinished(call)]).toEqual([1, 0, true]);
      expect(bench.counters.snapshot()).toMatchObject({ callsExpired: 0, callsStarted: 0 });
      expect(jest.getTimerCount()).toBe(0);
    });

    it('a call whose time passes while it waits: it leaves the queue, and is counted', async () => {
      bench.isQueueing = true;
      const call = await bench.dispatch(incomingCall({ message: request({ ttlMs: 100 }) }));
      jest.advanceTimersByTime(120);
      expect([bench.left, isFinished(call)]).toEqual([1, true]);
      expect(bench.counters.snapshot()).toMatchObject({ callsExpired: 1, callsStarted: 0 });
    });

    it('a request that says of no place for its answer', async () => {
      const run = jest.fn();
      bench.handle(run);
      const call = await bench.dispatch(incomingCall({ caller: { id: CLIENT_ID, replies: null } }));
      expect(run).not.toHaveBeenCalled();
      expect([isFinished(call), bench.freed]).toEqual([true, 1]);
      expect(bench.counters.snapshot()).toMatchObject({ messagesMalformed: 1, callsExpired: 0 });
    });
  });

  describe('stops', () => {
    it('a handler at the deadline: its call is finished, its signal aborted, its place held until it ends', async () => {
      let signal: AbortSignal | undefined;
      let end!: () => void;
      bench.handle((_data, context) => {
        ({ signal } = context);
        return new Promise<void>((resolve) => (end = resolve));
      });
      const call = await bench.dispatch(incomingCall({ message: request({ ttlMs: 100 }) }));
      jest.advanceTimersByTime(99);
      expect(bench.freed).toBe(0);
      jest.advanceTimersByTime(21);
      expect(signal!.aborted).toBe(true);
      expect([isFinished(call), bench.freed, bench.kinds]).toEqual([true, 0, []]);
      end();
      await bench.settle();
      expect([bench.freed, bench.kinds]).toEqual([1, []]);
    });

    it('a stream at the deadline: it is unsubscribed, and ends without a message', async () => {
      let unsubscribed = 0;
      bench.handle(() => new Observable(() => () => (unsubscribed += 1)));
      await bench.dispatch(incomingCall({ message: request({ ttlMs: 100 }) }));
      jest.advanceTimersByTime(120);
      await bench.settle();
      expect([unsubscribed, bench.freed, bench.kinds]).toEqual([1, 1, []]);
    });

    it('a call that is cancelled, once', async () => {
      bench.handle(() => NEVER);
      const call = await bench.dispatch();
      call.stop('cancelled');
      await bench.settle();
      expect([isFinished(call), bench.freed]).toEqual([true, 1]);
      expect(jest.getTimerCount()).toBe(0);
    });

    it('an answer that comes too late: it is not sent', async () => {
      let answer!: (value: number) => void;
      bench.handle(() => new Promise((resolve) => (answer = resolve)));
      const call = await bench.dispatch();
      call.stop('cancelled');
      answer(1);
      await bench.settle();
      expect([bench.kinds, bench.freed]).toEqual([[], 1]);
    });

    it('its timer when no call runs', async () => {
      bench.handle(() => 1);
      await bench.dispatch();
      expect(jest.getTimerCount()).toBe(0);
    });
  });
});
