import { Controller, Logger } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcClient, type KafkaRpcContext, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { finalize, NEVER, Observable, of, Subject, timer } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const boom = (): never => {
  throw new Error('boom');
};

/** Something that a foreign library gave: an Observable by its methods only. */
const foreign = (
  subscribe: (observer: { next(value: unknown): void; complete(): void }) => unknown,
): unknown => ({
  lift: () => undefined,
  subscribe,
});

describe('a handler whose code throws at an odd moment', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;
  let ended = new Subject<void>();

  @Controller()
  class OddController {
    @MessagePattern('quick')
    quick(@Payload() data: unknown): unknown {
      return data;
    }

    @MessagePattern('teardown')
    teardown(): Observable<never> {
      return NEVER.pipe(finalize(boom));
    }

    @MessagePattern('teardown-twice')
    teardownTwice(): Observable<never> {
      return NEVER.pipe(finalize(boom), finalize(boom));
    }

    @MessagePattern('own-teardown')
    ownTeardown(): Observable<never> {
      return new Observable(() => boom);
    }

    @MessagePattern('listener')
    listener(@Ctx() { signal }: KafkaRpcContext): Promise<void> {
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve());
        signal.addEventListener('abort', boom);
        signal.addEventListener('abort', async () => boom());
        signal.addEventListener('abort', { handleEvent: boom });
        signal.onabort = boom;
      });
    }

    @MessagePattern('teardown-at-the-end')
    teardownAtTheEnd(): Observable<number> {
      return of(1).pipe(finalize(boom));
    }

    @MessagePattern('teardown-at-a-later-end')
    teardownAtALaterEnd(): Observable<number> {
      return timer(1).pipe(finalize(boom));
    }

    @MessagePattern('teardown-after-a-failure')
    teardownAfterAFailure(): Observable<number> {
      return new Observable((subscriber) => {
        setTimeout(() => subscriber.error(new RpcError('NOT_FOUND', 'gone')), 1);
        return boom;
      });
    }

    @MessagePattern('then')
    thrownThen(): unknown {
      return { then: boom };
    }

    @MessagePattern('then-twice')
    thenTwice(): unknown {
      return {
        then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
          resolve('first');
          resolve('second');
          reject(new Error('third'));
          boom();
        },
      };
    }

    @MessagePattern('foreign-throws')
    foreignThrows(): unknown {
      return foreign(boom);
    }

    @MessagePattern('getter')
    getter(): unknown {
      return Object.defineProperty({}, 'a', { get: boom, enumerable: true });
    }

    @MessagePattern('proxy')
    proxy(): unknown {
      return new Proxy(
        {},
        { get: (_target, name) => (name === 'then' ? undefined : boom()), has: boom, ownKeys: boom },
      );
    }

    @MessagePattern('to-json')
    toJson(): unknown {
      return of({
        toJSON: boom,
        get a(): never {
          return boom();
        },
      });
    }

    @MessagePattern('error-getter')
    errorGetter(): Observable<never> {
      return new Observable((subscriber) =>
        subscriber.error(Object.defineProperty({}, 'message', { get: boom, enumerable: true })),
      );
    }

    @MessagePattern('until')
    until(): Observable<never> {
      return new Observable(() => {
        ended.next();
        return boom;
      });
    }
  }

  beforeEach(async () => {
    ended = new Subject();
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [OddController] }, { concurrency: 2, partitions: 1 }));
    client = cluster.client({ timeoutMs: 3_000 });
    await client.call('quick', 0);
  });

  afterEach(() => cluster.close());

  const placesAreFree = (): Promise<void> => until(() => server.callsInHand === 0);

  it.each(['teardown', 'teardown-twice', 'own-teardown', 'listener'])(
    'when it is cancelled harms no call beside it, and its place is free: %s',
    async (pattern) => {
      const odd = [client.send(pattern, {}).subscribe(), client.send(pattern, {}).subscribe()];
      await until(() => server.counters.callsStarted === 3);
      await turns();
      for (const call of odd) call.unsubscribe();
      const others = [1, 2, 3].map((data) => client.call('quick', data));
      expect((await Promise.all(others)).map(({ value }) => value)).toEqual([1, 2, 3]);
      await placesAreFree();
    },
  );

  it.each(['teardown', 'own-teardown', 'listener'])(
    'at its deadline harms nobody, and its place is free: %s',
    async (pattern) => {
      const odd = [1, 2, 3, 4].map(() => client.call(pattern, {}, { timeoutMs: 50 }));
      const ends = await Promise.allSettled(odd);
      expect(ends.map((end) => (end as { reason?: RpcError }).reason?.status)).toEqual(
        odd.map(() => 'DEADLINE_EXCEEDED'),
      );
      await placesAreFree();
      expect((await client.call('quick', 1)).value).toBe(1);
    },
  );

  it.each([
    ['teardown-at-the-end', 1],
    ['teardown-at-a-later-end', 0],
    ['then-twice', 'first'],
  ])('when it ends still answers with its value: %s', async (pattern, value) => {
    expect((await client.call(pattern, {})).value).toBe(value);
    await turns();
    await placesAreFree();
  });

  it.each(['then', 'foreign-throws', 'getter', 'proxy', 'to-json', 'error-getter'])(
    'fails its own call and no other: %s',
    async (pattern) => {
      const odd = client.call(pattern, {});
      const others = [1, 2].map((data) => client.call('quick', data));
      await expect(odd).rejects.toMatchObject({ name: 'RpcError' });
      await expect(odd).rejects.not.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
      expect((await Promise.all(others)).map(({ value }) => value)).toEqual([1, 2]);
      await placesAreFree();
    },
  );

  it('after a failure has the caller hear of a failure at once', async () => {
    await expect(client.call('teardown-after-a-failure', {})).rejects.toMatchObject({
      status: expect.not.stringMatching('DEADLINE_EXCEEDED'),
    });
    await placesAreFree();
  });

  it('while its server closes does not keep it from closing', async () => {
    const started = new Promise((resolve) => ended.subscribe({ next: () => resolve(undefined) }));
    client.send('until', {}).subscribe({ error: () => undefined });
    await started;
    await server.close();
    expect(server.callsInHand).toBe(0);
  });

  it('is named in the log', async () => {
    const lines: string[] = [];
    Logger.overrideLogger({
      log: () => undefined,
      error: (line: string) => lines.push(line),
      warn: (line: string) => lines.push(line),
    });
    try {
      const call = client.send('teardown', {}).subscribe();
      await until(() => server.callsInHand === 1);
      await turns();
      call.unsubscribe();
      await placesAreFree();
      expect(lines.join()).toMatch(/teardown.*boom/s);
    } finally {
      Logger.overrideLogger(false);
    }
  });
});
