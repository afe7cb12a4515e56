import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  KafkaRpcRecordBuilder,
  type KafkaRpcClient,
  type KafkaRpcContext,
  type KafkaRpcServer,
} from 'nestjs-kafka-rpc';
import { NEVER, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('concurrency', () => {
  let running = 0;
  let most = 0;
  const runningOf = new Map<string, number>();
  let mostOfOneKey = 0;
  let ends: (() => void)[] = [];
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class StubbornController {
    @MessagePattern('stubborn')
    stubborn(@Payload() _data: unknown, @Ctx() context: KafkaRpcContext): Promise<void> {
      return this.run(String(context.getKey()));
    }

    @EventPattern('stubborn.event')
    stubbornEvent(@Payload() _data: unknown): Promise<void> {
      return this.run('event');
    }

    @MessagePattern('never')
    never(): Observable<never> {
      return NEVER;
    }

    @MessagePattern('generator')
    async *generator(): AsyncGenerator<number> {
      await this.run('generator');
      yield 1;
    }

    @MessagePattern('quick')
    quick(@Payload() data: unknown): unknown {
      return data;
    }

    /** Listens to no signal. */
    private async run(key: string): Promise<void> {
      running += 1;
      most = Math.max(most, running);
      runningOf.set(key, (runningOf.get(key) ?? 0) + 1);
      mostOfOneKey = Math.max(mostOfOneKey, runningOf.get(key)!);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      runningOf.set(key, runningOf.get(key)! - 1);
    }
  }

  beforeEach(() => {
    [running, most, mostOfOneKey, ends] = [0, 0, 0, []];
    runningOf.clear();
    cluster = new RpcCluster();
    client = cluster.client();
  });

  afterEach(async () => {
    const letGo = setInterval(() => ends.splice(0).forEach((end) => end()), 1);
    await cluster.close();
    clearInterval(letGo);
  });

  const serve = async (options: object): Promise<void> => {
    ({ server } = await cluster.serve({ controllers: [StubbornController] }, { partitions: 1, ...options }));
    // What a call's time is for, and an event's, is to run: not to connect.
    await client.call('quick', 0);
  };

  const failures = (calls: readonly Promise<unknown>[]): Promise<readonly unknown[]> =>
    Promise.all(calls.map((call) => call.catch((error: { status: string }) => error.status)));

  it.each([['stubborn'], ['generator']])(
    'bounds handlers that run on when their callers are gone: %s',
    async (pattern) => {
      await serve({ concurrency: 4 });
      for (let round = 0; round < 3; round++) {
        const calls = Array.from({ length: 20 }, () => client.call(pattern, {}, { timeoutMs: 50 }));
        expect(new Set(await failures(calls))).toEqual(new Set(['DEADLINE_EXCEEDED']));
      }
      expect([most, running]).toEqual([4, 4]);
      // What expired while it waited has left.
      await until(() => server.callsInHand === 4 && server.counters.handlersAbandoned === 4);
      expect(server.counters.callsStarted).toBe(5);
      expect(server.counters.callsExpired).toBeGreaterThan(0);
      expect(server.abandonedHandlers).toBe(4);
    },
  );

  it('bounds handlers of events with a time to live', async () => {
    await serve({ concurrency: 2 });
    const event = new KafkaRpcRecordBuilder({}).setTimeout(300).build();
    for (let i = 0; i < 2; i++) client.emit('stubborn.event', event);
    await until(() => server.counters.handlersAbandoned === 2);
    for (let i = 0; i < 8; i++) client.emit('stubborn.event', event);
    await until(() => server.counters.callsExpired > 0);
    expect([most, running]).toEqual([2, 2]);
  });

  it('is given on by a handler when it ends, whoever waits for it', async () => {
    await serve({ concurrency: 1 });
    await failures([client.call('stubborn', {}, { timeoutMs: 50 })]);
    const waiting = client.call('quick', 1);
    await turns();
    expect(server.counters.callsStarted).toBe(2);
    ends.splice(0).forEach((end) => end());
    expect((await waiting).value).toBe(1);
    expect(server.abandonedHandlers).toBe(0);
  });

  it('of a key is one: calls never overlap, though nobody waits for the first', async () => {
    await serve({ concurrency: 10 });
    const calls = Array.from({ length: 5 }, () => client.call('stubborn', {}, { key: 'k', timeoutMs: 50 }));
    await failures(calls);
    const last = client.call('stubborn', {}, { key: 'k' });
    await turns();
    expect(runningOf.get('k')).toBe(1);
    ends.splice(0).forEach((end) => end());
    await until(() => server.counters.callsStarted === 3);
    await turns();
    ends.splice(0).forEach((end) => end());
    await last;
    expect(mostOfOneKey).toBe(1);
  });

  it('is free at once of an Observable, which ends when it is unsubscribed', async () => {
    await serve({ concurrency: 1 });
    const call = client.send('never', {}).subscribe();
    await until(() => server.callsInHand === 1);
    call.unsubscribe();
    expect((await client.call('quick', 1)).value).toBe(1);
  });

  it('is waited for by close(), also for handlers whose callers are gone', async () => {
    await serve({ gracePeriodMs: 10_000 });
    await failures([client.call('stubborn', {}, { timeoutMs: 50 })]);
    let isClosed = false;
    const closed = server.close().then(() => (isClosed = true));
    await turns();
    expect([isClosed, running]).toEqual([false, 1]);
    ends.splice(0).forEach((end) => end());
    await closed;
    expect(running).toBe(0);
  });

  it('does not keep calls in the queue beyond their time, and takes others', async () => {
    await serve({ concurrency: 1, maxQueued: 10 });
    await failures([client.call('stubborn', {}, { timeoutMs: 50 })]);
    for (let round = 0; round < 5; round++) {
      await failures(Array.from({ length: 30 }, (_, i) => client.call('quick', i, { timeoutMs: 50 })));
    }
    const waiting = client.call('quick', 'at last');
    ends.splice(0).forEach((end) => end());
    expect((await waiting).value).toBe('at last');
  });

  describe('with maxAbandonedHandlers', () => {
    it('passes over so many handlers that run on, and no more', async () => {
      await serve({ concurrency: 2, maxAbandonedHandlers: 3 });
      const calls = Array.from({ length: 12 }, () => client.call('stubborn', {}, { timeoutMs: 100 }));
      await failures(calls);
      await failures(Array.from({ length: 12 }, () => client.call('stubborn', {}, { timeoutMs: 100 })));
      await failures(Array.from({ length: 12 }, () => client.call('stubborn', {}, { timeoutMs: 100 })));
      await until(() => server.abandonedHandlers === 5);
      expect([most, running]).toEqual([5, 5]);
    });

    it('lets other calls run beside a stuck one, but none of its key', async () => {
      await serve({ concurrency: 1, maxAbandonedHandlers: 1 });
      await failures([client.call('stubborn', {}, { key: 'k', timeoutMs: 50 })]);
      expect((await client.call('quick', 1)).value).toBe(1);
      expect(await failures([client.call('quick', 2, { key: 'k', timeoutMs: 50 })])).toEqual([
        'DEADLINE_EXCEEDED',
      ]);
    });

    it('is waited for by close(), too', async () => {
      await serve({ concurrency: 1, maxAbandonedHandlers: 1, gracePeriodMs: 10_000 });
      await failures([client.call('stubborn', {}, { timeoutMs: 50 })]);
      let isClosed = false;
      const closed = server.close().then(() => (isClosed = true));
      await turns();
      expect(isClosed).toBe(false);
      ends.splice(0).forEach((end) => end());
      await closed;
    });
  });
});
