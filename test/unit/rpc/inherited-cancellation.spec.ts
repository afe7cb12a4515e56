import { Logger, type NestInterceptor } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { RpcError, RpcStatus, type KafkaRpcContext } from 'nestjs-kafka-rpc';
import { firstValueFrom, type Observable, switchMap, timer } from 'rxjs';
import { deferred } from '../../support/deferred.js';
import { GatedDriver } from '../../support/gated-driver.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { ThreeServices } from '../../support/three-services.js';
import { until } from '../../support/until.js';

describe('a call that ends from outside', () => {
  let cluster: RpcCluster;
  let services: ThreeServices;
  let atBack: KafkaRpcContext[];
  let errors: RpcError[];

  beforeEach(() => {
    atBack = [];
    errors = [];
    cluster = new RpcCluster();
    services = new ThreeServices(cluster, { timeoutMs: 20_000 });
    services.does.back = (_data, context) => {
      atBack.push(context);
      return new Promise(() => undefined);
    };
  });

  afterEach(async () => {
    await cluster.close();
    jest.restoreAllMocks();
  });

  const note = (error: RpcError): void => void errors.push(error);

  /** Calls, waits until the last hop has it, and gives the caller up. */
  const cancelAtBack = async (): Promise<void> => {
    const calling = services.front.send('front', 0).subscribe({ error: () => undefined });
    await until(() => atBack.length === 1);
    expect(atBack[0]!.signal.aborted).toBe(false);
    calling.unsubscribe();
  };

  const stoppedAtBack = (): Promise<unknown> => until(() => atBack[0]!.signal.aborted);

  it('ends the calls made inside it, through all hops, and says why', async () => {
    await services.serve({ gracePeriodMs: 100 });
    const { middle } = services.does;
    services.does.middle = async (data, context) => {
      try {
        return await middle(data, context);
      } catch (error) {
        note(error as RpcError);
        throw error;
      }
    };
    await cancelAtBack();
    await stoppedAtBack();
    expect(atBack[0]!.signal.reason).toMatchObject({ status: RpcStatus.CANCELLED });
    await until(() => errors.length === 1);
    expect(errors[0]).toMatchObject({
      status: RpcStatus.CANCELLED,
      retryable: false,
      message:
        'The call to "back" ended, and may have run: it was made in the handler of "middle". The caller cancelled the call.',
    });
    expect([services.front.openCalls, services.middle.openCalls, services.back.openCalls]).toEqual([0, 0, 0]);
  });

  it('writes nothing to the logs of the hops on its way', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await services.serve({ gracePeriodMs: 100 });
    await cancelAtBack();
    await stoppedAtBack();
    await sleep(50);
    expect(logged.mock.calls).toEqual([]);
  });

  it('ends them when its deadline passes, at the latest', async () => {
    await services.serve({ gracePeriodMs: 100 });
    void services.front.call('front', 0, { timeoutMs: 200 }).catch(note);
    await until(() => atBack.length === 1);
    await stoppedAtBack();
    expect(atBack[0]!.signal.reason).toMatchObject({ status: RpcStatus.DEADLINE_EXCEEDED });
    await until(() => errors.length === 1);
    expect(errors[0]).toMatchObject({ status: RpcStatus.DEADLINE_EXCEEDED });
  });

  it('ends the streams of a handler that hands them on', async () => {
    await services.serve({ gracePeriodMs: 100 });
    services.does.front = () => services.middle.send('middle', 0);
    services.does.middle = () => services.back.send('back', 0);
    services.does.back = (_data, context) => {
      atBack.push(context);
      return timer(0, 5);
    };
    await cancelAtBack();
    await stoppedAtBack();
    expect([services.middle.openCalls, services.back.openCalls]).toEqual([0, 0]);
  });

  it('ends those that wait for a connection', async () => {
    await services.serve({ gracePeriodMs: 100 });
    const driver = new GatedDriver(cluster.driver);
    const gate = deferred();
    driver.before.set(1, gate.promise);
    const unconnected = cluster.client({ service: 'back', driver });
    let waits = false;
    services.does.front = async () => {
      const calling = unconnected.call('back', 0).catch(note);
      waits = true;
      await calling;
    };
    const calling = services.front.send('front', 0).subscribe({ error: () => undefined });
    await until(() => waits);
    calling.unsubscribe();
    await until(() => errors.length === 1);
    expect(errors[0]).toMatchObject({ status: RpcStatus.CANCELLED });
    expect([driver.attempts, driver.open]).toEqual([1, 0]);
    gate.resolve();
  });

  it('has nothing begun inside it any more, also by what an interceptor left running', async () => {
    class Through implements NestInterceptor {
      intercept(_context: unknown, next: { handle(): Observable<unknown> }): Observable<unknown> {
        return next.handle();
      }
    }
    await services.serve(
      { gracePeriodMs: 100 },
      { providers: [{ provide: APP_INTERCEPTOR, useClass: Through }] },
    );
    let begun = false;
    let ended = false;
    services.does.front = async () => {
      begun = true;
      await until(() => ended);
      await services.middle.call('middle', 0).catch(note);
    };
    const calling = services.front.send('front', 0).subscribe();
    await until(() => begun);
    calling.unsubscribe();
    await sleep(50);
    ended = true;
    await until(() => errors.length === 1);
    expect(errors[0]!.message).toBe(
      'The call to "middle" was not sent: it was made in the handler of "front". The caller cancelled the call.',
    );
    expect(atBack).toEqual([]);
  });

  it('leaves alone what is detached, and what its handler left open when it had ended', async () => {
    await services.serve({ gracePeriodMs: 100 });
    let isFrontDone = false;
    services.does.front = async () => {
      void services.back.call('back', 'left open').catch(note);
      await until(() => atBack.length === 1);
      isFrontDone = true;
    };
    await services.front.call('front', 0);
    expect(isFrontDone).toBe(true);
    services.does.front = async () => {
      await services.back.call('back', 'detached', { detached: true }).catch(note);
    };
    const calling = services.front.send('front', 0).subscribe();
    await until(() => atBack.length === 2);
    calling.unsubscribe();
    await sleep(50);
    expect(atBack.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    expect(errors).toEqual([]);
  });

  it('does not keep an event back, unless that asks for it', async () => {
    const events: unknown[] = [];
    await services.serve({ gracePeriodMs: 100 });
    services.does.back = (data) => void events.push(data);
    let begun = false;
    services.does.front = async (_data, { signal }) => {
      begun = true;
      await until(() => signal.aborted);
      await firstValueFrom(services.back.emit('back.event', 1), { defaultValue: 0 });
      await firstValueFrom(services.back.emit('back.event', 2, { detached: false })).catch(note);
    };
    const calling = services.front.send('front', 0).subscribe();
    await until(() => begun);
    calling.unsubscribe();
    await until(() => errors.length === 1 && events.length === 1);
    expect(events).toEqual([1]);
    expect(errors[0]!.message).toMatch(/^The event "back.event" was not sent: it was made in the handler of/);
  });

  it('is told once to a caller inside that cancels by itself', async () => {
    await services.serve({ gracePeriodMs: 100 });
    services.does.front = () => timer(0, 20).pipe(switchMap(() => services.back.send('back', 0)));
    const calling = services.front.send('front', 0).subscribe();
    await until(() => atBack.length > 2);
    expect(atBack[0]!.signal.aborted).toBe(true);
    calling.unsubscribe();
    await until(() => atBack.every(({ signal }) => signal.aborted));
    await until(() => services.back.openCalls === 0);
  });

  it('ends them when its server closes and its grace period is over', async () => {
    await services.serve({ gracePeriodMs: 50 });
    void services.front.call('front', 0, { timeoutMs: 5_000 }).catch(() => undefined);
    await until(() => atBack.length === 1);
    await cluster.close();
    expect(atBack[0]!.signal.aborted).toBe(true);
  });
});
