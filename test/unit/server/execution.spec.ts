import { RpcError } from '../../../lib/errors/rpc-error.js';
import type { KafkaRpcContext } from '../../../lib/server/kafka-rpc-context.js';
import { DispatchBench } from '../../support/dispatch-bench.js';

describe('Execution', () => {
  let bench: DispatchBench;
  let contexts: KafkaRpcContext[];

  beforeEach(() => {
    bench = new DispatchBench();
    contexts = [];
    bench.handle((_data, context) => {
      contexts.push(context);
      return new Promise(() => undefined);
    });
  });

  it.each([
    ['cancelled', 'CANCELLED'],
    ['expired', 'DEADLINE_EXCEEDED'],
    ['failed', 'ABORTED'],
    ['moved', 'ABORTED'],
    ['closing', 'UNAVAILABLE'],
  ] as const)(
    'of a call that is %s aborts with %s, also for who asks for the signal later',
    async (reason, status) => {
      const calls = [await bench.dispatch(), await bench.dispatch()];
      const { signal } = contexts[0]!;
      for (const call of calls) call.stop(reason);
      expect([signal.reason, contexts[1]!.signal.reason]).toMatchObject([{ status }, { status }]);
      expect(() => signal.throwIfAborted()).toThrow(RpcError);
    },
  );

  it('has one signal, whose listeners can be removed', async () => {
    const call = await bench.dispatch();
    const { signal } = contexts[0]!;
    expect(contexts[0]!.signal).toBe(signal);
    const [kept, removed] = [jest.fn(), jest.fn()];
    signal.addEventListener('abort', removed);
    signal.addEventListener('abort', kept);
    // As of a plain signal: no listener is none.
    Reflect.apply(signal.addEventListener, signal, ['abort', undefined]);
    Reflect.apply(signal.removeEventListener, signal, ['abort', undefined]);
    signal.removeEventListener('abort', removed);
    call.stop('cancelled');
    expect([kept.mock.calls.length, removed.mock.calls.length]).toEqual([1, 0]);
  });

  it('of a handler that runs on is abandoned, once, and ends with it', async () => {
    let end!: () => void;
    bench.handle(() => new Promise<void>((resolve) => (end = resolve)));
    const call = await bench.dispatch();
    call.stop('cancelled');
    await new Promise(setImmediate);
    expect([bench.abandoned, bench.freed]).toEqual([1, 0]);
    end();
    await bench.settle();
    expect([bench.abandoned, bench.freed, bench.kinds]).toEqual([1, 1, []]);
    expect(bench.counters.snapshot().handlersAbandoned).toBe(1);
  });

  it('of a handler that runs on keeps no timer when it was stopped', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const call = await bench.dispatch();
    expect(timers()).toBe(before + 1);
    call.stop('closing');
    expect(timers()).toBe(before);
  });

  it('of a handler that listens to its signal is not abandoned', async () => {
    bench.handle(
      (_data, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const call = await bench.dispatch();
    call.stop('cancelled');
    await new Promise(setImmediate);
    expect([bench.abandoned, bench.freed]).toEqual([0, 1]);
  });

  it('of a foreign Observable that goes on behind its end takes what came before', async () => {
    bench.handle(() => ({
      lift: () => undefined,
      subscribe: (observer: { next(value: unknown): void; complete(): void }) => {
        observer.next(1);
        observer.complete();
        observer.next(2);
        observer.complete();
        throw new Error('boom');
      },
    }));
    await bench.dispatch();
    expect([bench.kinds, bench.freed]).toEqual([['complete'], 1]);
    expect(bench.userCodeErrors).toMatchObject([['handler teardown', { message: 'boom' }]]);
  });
});
