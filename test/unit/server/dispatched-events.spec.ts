import { NEVER, of } from 'rxjs';
import type { IncomingCall } from '../../../lib/server/incoming-call.js';
import { DispatchBench, isFinished, type Handle } from '../../support/dispatch-bench.js';
import { CLIENT_ID, event, incomingCall } from '../../support/incoming-calls.js';

describe('Dispatcher runs an event', () => {
  let bench: DispatchBench;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
    bench = new DispatchBench();
  });

  afterEach(() => jest.useRealTimers());

  const anEvent = (): IncomingCall =>
    incomingCall({ message: event(), caller: { id: CLIENT_ID, replies: null } });

  it.each<[string, Handle]>([
    ['value', () => 1],
    ['promise', async () => 1],
    ['Observable', () => of(1, 2)],
  ])('to the end of its %s, without an answer', async (_what, how) => {
    bench.handle(how, true);
    const call = await bench.dispatch(anEvent());
    expect([isFinished(call), bench.freed, bench.kinds]).toEqual([true, 1, []]);
    expect(bench.counters.snapshot()).toMatchObject({ eventsStarted: 1, eventsFailed: 0, callsStarted: 0 });
  });

  it('by the handler of a call, too', async () => {
    const run = jest.fn();
    bench.handle(run);
    await bench.dispatch(anEvent());
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('that fails to its report: it is finished and counted', async () => {
    bench.handle(() => {
      throw new Error('no luck');
    }, true);
    const call = await bench.dispatch(anEvent());
    expect(bench.eventErrors).toEqual([['sum.add', 'no luck']]);
    expect([isFinished(call), bench.freed]).toEqual([true, 1]);
    expect(bench.counters.snapshot()).toMatchObject({ eventsStarted: 1, eventsFailed: 1 });
  });

  it('that nobody handles to its report', async () => {
    const call = await bench.dispatch(anEvent());
    expect(bench.eventErrors).toHaveLength(1);
    expect([isFinished(call), bench.freed]).toEqual([true, 1]);
  });

  it('without a deadline for as long as it takes', async () => {
    bench.handle(() => new Promise(() => undefined), true);
    const call = await bench.dispatch(anEvent());
    jest.advanceTimersByTime(1e9);
    expect([isFinished(call), bench.freed]).toEqual([false, 0]);
  });

  it('with a deadline until then', async () => {
    bench.handle(() => NEVER, true);
    const call = await bench.dispatch(incomingCall({ message: event({ ttlMs: 50 }) }));
    jest.advanceTimersByTime(70);
    expect([isFinished(call), bench.freed]).toEqual([true, 1]);
  });
});
