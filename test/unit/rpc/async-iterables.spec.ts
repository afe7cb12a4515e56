import { EventEmitter, on } from 'node:events';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { Controller, UseInterceptors, type CallHandler, type NestInterceptor } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcClient, type KafkaRpcContext, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { concat, lastValueFrom, NEVER, Observable, of, take, throwError, toArray } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

class Pass implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

describe('an iterable that a handler gives', () => {
  const stops: string[] = [];
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class StreamController {
    @MessagePattern('generator')
    async *generator(@Payload() size: number): AsyncGenerator<number> {
      try {
        for (let i = 0; i < size; i++) yield i;
      } finally {
        stops.push('generator');
      }
    }

    @MessagePattern('promised')
    async promised(@Payload() size: number): Promise<AsyncGenerator<number>> {
      return this.generator(size);
    }

    @MessagePattern('intercepted')
    @UseInterceptors(Pass)
    intercepted(@Payload() size: number): AsyncGenerator<number> {
      return this.generator(size);
    }

    @MessagePattern('between')
    between(@Payload() size: number): Observable<unknown> {
      return concat(of('first'), of(this.generator(size)), of('last'));
    }

    @MessagePattern('sync')
    *sync(@Payload() size: number): Generator<number | Promise<number>> {
      for (let i = 0; i < size; i++) yield i % 2 === 0 ? i : Promise.resolve(i);
    }

    @MessagePattern('web')
    web(@Payload() size: number): ReadableStream<number> {
      let i = 0;
      return new ReadableStream({
        pull: (controller) => (i < size ? controller.enqueue(i++) : controller.close()),
        cancel: () => void stops.push('web'),
      });
    }

    @MessagePattern('node')
    node(@Payload() size: number): Readable {
      return Readable.from(Array.from({ length: size }, (_, i) => i));
    }

    @MessagePattern('custom')
    custom(@Payload() size: number): AsyncIterable<number> {
      let i = 0;
      return {
        [Symbol.asyncIterator]: () => ({ next: async () => ({ done: i === size, value: i++ }) }),
      };
    }

    @MessagePattern('values')
    values(): unknown {
      return [[1, 2], 'text', new Set([1]), new Map([[1, 2]]), new Uint8Array([1])];
    }

    @MessagePattern('array')
    array(): number[] {
      return [1, 2];
    }

    @MessagePattern('fails')
    async *fails(): AsyncGenerator<number> {
      yield 1;
      throw new RpcError('NOT_FOUND', 'no second');
    }

    @MessagePattern('odd')
    async *odd(): AsyncGenerator<unknown> {
      try {
        yield 1;
        yield () => undefined;
        yield 3;
      } finally {
        stops.push('odd');
      }
    }

    @MessagePattern('silent-web')
    silentWeb(): ReadableStream<number> {
      return new ReadableStream({ cancel: () => void stops.push('silent-web') });
    }

    @MessagePattern('silent-node')
    silentNode(): Readable {
      return new Readable({
        read: () => undefined,
        destroy: (error, callback) => {
          stops.push('silent-node');
          callback(error);
        },
      });
    }

    @MessagePattern('silent-emitter')
    silentEmitter(): AsyncIterableIterator<unknown> {
      return on(new EventEmitter(), 'value');
    }

    @MessagePattern('silent-generator')
    async *silentGenerator(
      @Payload() _data: unknown,
      @Ctx() { signal }: KafkaRpcContext,
    ): AsyncGenerator<unknown> {
      try {
        yield* on(new EventEmitter(), 'value', { signal });
      } finally {
        stops.push('silent-generator');
      }
    }

    @MessagePattern('silent-intercepted')
    @UseInterceptors(Pass)
    silentIntercepted(): ReadableStream<number> {
      return new ReadableStream({ cancel: () => void stops.push('silent-intercepted') });
    }

    @MessagePattern('throws-at-its-stop')
    throwsAtItsStop(): ReadableStream<number> {
      return new ReadableStream({
        cancel: () => {
          stops.push('throws-at-its-stop');
          throw new Error('boom');
        },
      });
    }

    @MessagePattern('behind-a-silence')
    behindASilence(): Observable<unknown> {
      return concat(of(1), NEVER);
    }

    @MessagePattern('silent-before-a-failure')
    silentBeforeAFailure(): Observable<unknown> {
      const silent = new ReadableStream({ cancel: () => void stops.push('silent-before-a-failure') });
      return concat(
        of(silent),
        throwError(() => new Error('boom')),
      );
    }

    @EventPattern('event')
    async *event(@Payload() size: number): AsyncGenerator<number> {
      yield* this.generator(size);
    }
  }

  beforeEach(async () => {
    stops.splice(0);
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [StreamController] }));
    client = cluster.client({ timeoutMs: 3_000 });
  });

  afterEach(() => cluster.close());

  const all = (pattern: string, data: unknown = 3): Promise<unknown[]> =>
    lastValueFrom(client.send<unknown>(pattern, data).pipe(toArray()));

  it.each(['generator', 'promised', 'intercepted', 'sync', 'web', 'node', 'custom'])(
    'is a stream of its values: %s',
    async (pattern) => {
      expect(await all(pattern)).toEqual([0, 1, 2]);
      expect(await all(pattern, 0)).toEqual([]);
      expect(await all(pattern, 1_000)).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
      expect(server.callsInHand).toBe(0);
    },
  );

  it('keeps its place among the values of an Observable', async () => {
    expect(await all('between')).toEqual(['first', 0, 1, 2, 'last']);
  });

  it('is a value when it is an array, or what else stands for data', async () => {
    expect((await client.call('array', {})).value).toEqual([1, 2]);
    expect((await client.call('values', {})).value).toEqual([
      [1, 2],
      'text',
      new Set([1]),
      new Map([[1, 2]]),
      new Uint8Array([1]),
    ]);
  });

  it('fails its call when it throws', async () => {
    const heard: unknown[] = [];
    const end = new Promise((resolve) =>
      client.send('fails', {}).subscribe({ next: (value) => heard.push(value), error: resolve }),
    );
    expect(await end).toMatchObject({ status: 'NOT_FOUND' });
    expect(heard).toEqual([1]);
  });

  it('is stopped at a value that cannot be sent', async () => {
    await expect(all('odd')).rejects.toMatchObject({ status: 'INTERNAL' });
    await until(() => stops.length === 1 && server.callsInHand === 0);
    expect(stops).toEqual(['odd']);
  });

  it.each(['generator', 'web', 'intercepted'])(
    'is stopped when its caller has enough: %s',
    async (pattern) => {
      expect(
        await lastValueFrom(client.send<unknown>(pattern, 1_000_000_000).pipe(take(2), toArray())),
      ).toEqual([0, 1]);
      await until(() => stops.length === 1 && server.callsInHand === 0);
    },
  );

  it.each([
    'silent-web',
    'silent-node',
    'silent-emitter',
    'silent-generator',
    'silent-intercepted',
    'silent-before-a-failure',
    'throws-at-its-stop',
  ])('that is silent is stopped when nobody waits any more: %s', async (pattern) => {
    const call = client.send(pattern, {}).subscribe();
    await until(() => server.counters.callsStarted === 1 && server.callsInHand === 1);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    call.unsubscribe();
    await until(() => server.callsInHand === 0);
    expect(stops).toEqual(pattern === 'silent-emitter' ? [] : [pattern]);
  });

  it.each(['silent-web', 'silent-node', 'silent-generator'])(
    'is stopped at the deadline: %s',
    async (pattern) => {
      await expect(client.call(pattern, {}, { timeoutMs: 50 })).rejects.toMatchObject({
        status: 'DEADLINE_EXCEEDED',
      });
      await until(() => stops.length === 1 && server.callsInHand === 0);
    },
  );

  it('of an event runs to its end', async () => {
    await lastValueFrom(client.emit('event', 100));
    await until(() => stops.length === 1 && server.callsInHand === 0);
    expect(server.counters.eventsFailed).toBe(0);
  });
});
