import { Controller, UseInterceptors, type CallHandler, type NestInterceptor } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { from, lastValueFrom, Observable, of, range, repeat, take, tap, toArray, count } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

/** Stops when its subscriber is closed, as RxJS' own do. */
const endless = (): Observable<number> =>
  new Observable((subscriber) => {
    while (!subscriber.closed) subscriber.next(1);
  });

class Pass implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

describe('a stream that gives values without letting the event loop turn', () => {
  let pulled = 0;
  let stopped = 0;
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  const counted = <T>(values: Observable<T>): Observable<T> => values.pipe(tap(() => (pulled += 1)));

  @Controller()
  class EagerController {
    @MessagePattern('range')
    range(@Payload() size: number): Observable<number> {
      return counted(range(0, size));
    }

    @MessagePattern('endless')
    endless(): Observable<number> {
      return counted(endless());
    }

    @MessagePattern('endless-intercepted')
    @UseInterceptors(Pass)
    endlessIntercepted(): Observable<number> {
      return counted(endless());
    }

    @MessagePattern('recursive')
    recursive(): Observable<number> {
      return of(1).pipe(repeat());
    }

    @MessagePattern('recursive-intercepted')
    @UseInterceptors(Pass)
    recursiveIntercepted(): Observable<number> {
      return of(1).pipe(repeat());
    }

    @MessagePattern('endless-microtasks')
    endlessMicrotasks(): Observable<number> {
      return counted(from(this.endlessGenerator()));
    }

    @MessagePattern('endless-generator')
    async *endlessGenerator(): AsyncGenerator<number> {
      try {
        for (;;) yield (pulled += 1);
      } finally {
        stopped += 1;
      }
    }

    @MessagePattern('endless-iterator')
    *endlessIterator(): Generator<number> {
      try {
        for (;;) yield (pulled += 1);
      } finally {
        stopped += 1;
      }
    }

    @EventPattern('endless-event')
    endlessEvent(@Payload() _data: unknown): Observable<number> {
      return counted(endless());
    }

    @EventPattern('endless-generator-event')
    async *endlessGeneratorEvent(@Payload() _data: unknown): AsyncGenerator<number> {
      yield* this.endlessGenerator();
    }

    @MessagePattern('quick')
    quick(@Payload() data: unknown): unknown {
      return data;
    }
  }

  beforeEach(async () => {
    [pulled, stopped] = [0, 0];
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [EagerController] }, { partitions: 1 }));
    client = cluster.client({ timeoutMs: 12_000 });
    await client.call('quick', 0);
  });

  afterEach(() => cluster.close());

  it('is not pulled to its end for a caller that took three', async () => {
    const three = lastValueFrom(client.send<number>('range', 5_000_000).pipe(take(3), toArray()));
    const beside = client.call('quick', 1);
    expect(await three).toEqual([0, 1, 2]);
    expect((await beside).value).toBe(1);
    await until(() => server.callsInHand === 0);
    expect(pulled).toBeLessThan(300_000);
  });

  it('arrives whole when it has an end', async () => {
    expect(await lastValueFrom(client.send('range', 100_000).pipe(count()))).toBe(100_000);
  });

  it.each(['endless', 'endless-intercepted', 'endless-microtasks'])(
    'ends with an error when it has none, and the server goes on: %s',
    async (pattern) => {
      const failure = lastValueFrom(client.send(pattern, {}).pipe(count()));
      const beside = client.call('quick', 1);
      await expect(failure).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED', retryable: false });
      expect((await beside).value).toBe(1);
      await until(() => server.callsInHand === 0);
      expect(pulled).toBeLessThan(300_000);
    },
  );

  it.each(['recursive', 'recursive-intercepted'])(
    'and uses up the stack ends with an error, and the server goes on: %s',
    async (pattern) => {
      await expect(lastValueFrom(client.send(pattern, {}).pipe(count()))).rejects.toMatchObject({
        status: 'INTERNAL',
      });
      expect((await client.call('quick', 1)).value).toBe(1);
      await until(() => server.callsInHand === 0);
    },
  );

  it('is stopped when it belongs to an event, whose values nobody wants', async () => {
    await lastValueFrom(client.emit('endless-event', {}));
    expect((await client.call('quick', 1)).value).toBe(1);
    await until(() => server.counters.eventsFailed === 1);
  });

  it.each(['endless-generator', 'endless-iterator'])(
    'is pulled no faster than others have their turn, and is stopped when its caller has enough: %s',
    async (pattern) => {
      expect(await lastValueFrom(client.send(pattern, {}).pipe(take(3), toArray()))).toEqual([1, 2, 3]);
      expect((await client.call('quick', 1)).value).toBe(1);
      await until(() => stopped === 1 && server.callsInHand === 0);
    },
  );

  it.each(['endless-generator', 'endless-iterator'])(
    'is stopped at the deadline of its call: %s',
    async (pattern) => {
      const slow = cluster.client({ timeoutMs: 100 }).send(pattern, {}).pipe(count());
      await expect(lastValueFrom(slow)).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
      await until(() => stopped === 1 && server.callsInHand === 0);
    },
  );

  it('that is pulled is not pulled ahead of a broker that takes none', async () => {
    cluster.driver.stopBroker();
    cluster.driver.startBroker();
    const values = client.send<number>('endless-generator', {});
    const heard: number[] = [];
    const call = values.subscribe({ next: (value) => heard.push(value), error: () => undefined });
    await until(() => heard.length > 5_000);
    cluster.driver.stopBroker();
    const before = pulled;
    for (let i = 0; i < 200; i++) await new Promise(setImmediate);
    expect(pulled - before).toBeLessThan(3_000);
    call.unsubscribe();
  });
});
