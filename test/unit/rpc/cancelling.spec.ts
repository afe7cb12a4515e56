import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { NEVER, Observable, interval, type Subscription } from 'rxjs';
import type { KafkaRpcClient, KafkaRpcContext, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { deferred } from '../../support/deferred.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('a call that its caller gives up', () => {
  const contexts: KafkaRpcContext[] = [];
  let unsubscribed = 0;
  let answer = deferred<number>();
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class SlowController {
    @MessagePattern('sum.slow')
    slow(@Ctx() context: KafkaRpcContext): Promise<number> {
      contexts.push(context);
      // Asked for while the call runs, so that it can be aborted.
      void context.signal;
      return answer.promise;
    }

    @MessagePattern('sum.silent')
    silent(): Observable<never> {
      return new Observable(() => () => {
        unsubscribed += 1;
      });
    }

    @MessagePattern('sum.ticks')
    ticks(): Observable<number> {
      return new Observable((subscriber) => {
        const ticks: Subscription = interval(1).subscribe(subscriber);
        return () => {
          unsubscribed += 1;
          ticks.unsubscribe();
        };
      });
    }

    @MessagePattern('sum.never')
    never(): Observable<never> {
      return NEVER;
    }

    @MessagePattern('sum.quick')
    quick(): string {
      return 'done';
    }
  }

  beforeEach(async () => {
    contexts.splice(0);
    unsubscribed = 0;
    answer = deferred();
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [SlowController] }, { concurrency: 2, partitions: 1 }));
    client = cluster.client();
    await client.call('sum.quick', {});
  });

  afterEach(() => cluster.close());

  it('aborts the signal of its context', async () => {
    const call = client.send('sum.slow', {}).subscribe();
    await until(() => contexts.length === 1);
    call.unsubscribe();
    await until(() => contexts[0]!.signal.aborted);
    expect(server.counters.callsCancelled).toBe(1);
    expect(client.openCalls).toBe(0);
  });

  it('frees its place when its handler ends, though nobody waits for what it gives', async () => {
    const calls = [client.send('sum.slow', {}).subscribe(), client.send('sum.slow', {}).subscribe()];
    await until(() => contexts.length === 2);
    const waiting = client.call('sum.quick', {});
    for (const call of calls) call.unsubscribe();
    await until(() => server.abandonedHandlers === 2);
    answer.resolve(3);
    expect((await waiting).value).toBe('done');
    await until(() => server.callsInHand === 0);
  });

  it.each(['sum.silent', 'sum.ticks'])(
    'has the Observable of its handler unsubscribed, once: %s',
    async (pattern) => {
      const call = client.send(pattern, {}).subscribe();
      await until(() => server.callsInHand === 1);
      call.unsubscribe();
      await until(() => unsubscribed === 1 && server.callsInHand === 0);
      await turns();
      expect(unsubscribed).toBe(1);
    },
  );

  it('is not started if it still waits for a place', async () => {
    const running = [client.send('sum.never', {}).subscribe(), client.send('sum.never', {}).subscribe()];
    await until(() => server.callsInHand === 2);
    const waiting = client.send('sum.slow', {}).subscribe();
    await until(() => server.callsInHand === 3);
    waiting.unsubscribe();
    await until(() => server.counters.callsCancelled === 1);
    running[0]!.unsubscribe();
    await until(() => server.callsInHand === 1);
    expect(contexts).toEqual([]);
    running[1]!.unsubscribe();
    await until(() => server.callsInHand === 0);
  });

  it('is told nothing of a late answer, which is counted', async () => {
    const heard: unknown[] = [];
    const call = client.send('sum.slow', {}).subscribe((value) => heard.push(value));
    await until(() => contexts.length === 1);
    call.unsubscribe();
    await until(() => contexts[0]!.signal.aborted);
    answer.resolve(3);
    await client.call('sum.quick', {});
    await turns();
    expect(heard).toEqual([]);
  });

  it('harms no other call', async () => {
    const other = client.call('sum.slow', {});
    const call = client.send('sum.slow', {}).subscribe();
    await until(() => contexts.length === 2);
    call.unsubscribe();
    await until(() => contexts[1]!.signal.aborted);
    expect(contexts[0]!.signal.aborted).toBe(false);
    answer.resolve(5);
    expect((await other).value).toBe(5);
  });

  it('after its answer cancels nothing', async () => {
    const call = client.send('sum.quick', {}).subscribe();
    await until(() => call.closed);
    call.unsubscribe();
    await client.call('sum.quick', {});
    expect(server.counters.callsCancelled).toBe(0);
  });

  describe('with an AbortSignal', () => {
    it('fails with CANCELLED and the reason as cause, and is cancelled at the server', async () => {
      const controller = new AbortController();
      const call = client.call('sum.slow', {}, { signal: controller.signal });
      await until(() => contexts.length === 1);
      controller.abort('enough');
      await expect(call).rejects.toMatchObject({ status: 'CANCELLED', cause: 'enough' });
      await until(() => contexts[0]!.signal.aborted);
      expect(client.openCalls).toBe(0);
    });

    it.each([null, 5, {}])('that is none is refused with INVALID_ARGUMENT: %p', async (signal) => {
      const options = { signal } as unknown as { signal: AbortSignal };
      await expect(client.call('sum.quick', {}, options)).rejects.toMatchObject({
        status: 'INVALID_ARGUMENT',
        message: expect.stringContaining('Option "signal" is') as string,
      });
    });

    it('that is aborted already is never sent', async () => {
      await expect(client.call('sum.slow', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        status: 'CANCELLED',
      });
      await client.call('sum.quick', {});
      expect(contexts).toEqual([]);
    });

    it('that is aborted while the client connects is never sent', async () => {
      const controller = new AbortController();
      const call = cluster.client().call('sum.slow', {}, { signal: controller.signal });
      controller.abort();
      await expect(call).rejects.toMatchObject({ status: 'CANCELLED' });
      await client.call('sum.quick', {});
      expect(contexts).toEqual([]);
    });

    it('that is aborted after the answer changes nothing', async () => {
      const controller = new AbortController();
      const reply = await client.call('sum.quick', {}, { signal: controller.signal });
      controller.abort();
      await client.call('sum.quick', {});
      expect(reply.value).toBe('done');
      expect(server.counters.callsCancelled).toBe(0);
    });

    it('leaves no listener on the signal', async () => {
      const { signal } = new AbortController();
      const removed = jest.spyOn(signal, 'removeEventListener');
      await client.call('sum.quick', {}, { signal });
      await expect(client.call('nobody', {}, { signal })).rejects.toThrow();
      expect(removed).toHaveBeenCalledTimes(2);
    });
  });
});
