import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, UseInterceptors, type CallHandler, type NestInterceptor } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcContext, type KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { count, lastValueFrom, Observable, range, toArray } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const iterate = <T>(values: AsyncIterable<T>): AsyncIterator<T> => values[Symbol.asyncIterator]();

const turns = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise(setImmediate);
};

class Pass implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

describe('a stream with a brake', () => {
  let given = 0;
  let stopped = 0;
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class StreamController {
    @MessagePattern('numbers')
    async *numbers(@Payload() upTo: number): AsyncGenerator<number> {
      try {
        for (let i = 0; i < upTo; i++) {
          given += 1;
          yield i;
        }
      } finally {
        stopped += 1;
      }
    }

    @MessagePattern('intercepted')
    @UseInterceptors(Pass)
    intercepted(@Payload() upTo: number): AsyncGenerator<number> {
      return this.numbers(upTo);
    }

    @MessagePattern('web')
    web(@Payload() upTo: number): ReadableStream<number> {
      let next = 0;
      return new ReadableStream(
        {
          pull: (controller) => {
            given += 1;
            controller.enqueue(next++);
            if (next === upTo) controller.close();
          },
        },
        { highWaterMark: 0 },
      );
    }

    @MessagePattern('range')
    range(@Payload() upTo: number): Observable<number> {
      return range(0, upTo);
    }

    @MessagePattern('strict', { streamOverflow: 'error' })
    strict(@Payload() upTo: number): Observable<number> {
      return range(0, upTo);
    }

    @MessagePattern('large')
    async *large(@Payload() upTo: number): AsyncGenerator<string> {
      for (let i = 0; i < upTo; i++) {
        given += 1;
        yield 'x'.repeat(1_000);
      }
    }

    @MessagePattern('fails')
    async *fails(@Payload() after: number): AsyncGenerator<number> {
      yield* this.numbers(after);
      throw new Error('at its end');
    }

    @MessagePattern('polite')
    polite(@Payload() upTo: number, @Ctx() context: KafkaRpcContext): Observable<number> {
      return new Observable((subscriber) => {
        const give = async (): Promise<void> => {
          for (let i = 0; i < upTo && !subscriber.closed; i++) {
            if (!context.writable) await context.whenWritable();
            given += 1;
            subscriber.next(i);
          }
          subscriber.complete();
        };
        void give();
      });
    }
  }

  beforeEach(async () => {
    [given, stopped] = [0, 0];
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [StreamController] }, { partitions: 1 }));
    client = cluster.client({ timeoutMs: 20_000 });
  });

  afterEach(() => cluster.close());

  it('refuses a window with a name that is none', () => {
    expect(() => client.stream('numbers', 1, { window: { value: 1 } as object })).toThrow(
      'window has no option "value". It has: values, bytes.',
    );
  });

  it('arrives whole and in order in a loop that asks for each value', async () => {
    const heard: number[] = [];
    for await (const value of client.stream<number>('numbers', 20_000)) heard.push(value);
    expect(heard).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
    await until(() => server.callsInHand === 0);
    expect(client.openCalls).toBe(0);
  });

  it.each(['numbers', 'intercepted', 'web', 'polite'])(
    'has its handler at most a window ahead of the loop, and goes on when the loop does: %s',
    async (pattern) => {
      const values = iterate(client.stream<number>(pattern, 1_000, { window: { values: 10 } }));
      expect(await values.next()).toEqual({ done: false, value: 0 });
      await turns(200);
      expect(given).toBeGreaterThanOrEqual(10);
      expect(given).toBeLessThanOrEqual(12);
      for (let i = 1; i < 1_000; i++) {
        expect((await values.next()).value).toBe(i);
        expect(given).toBeLessThanOrEqual(i + 12);
      }
      expect(await values.next()).toEqual({ done: true, value: undefined });
      await until(() => server.callsInHand === 0);
    },
  );

  it('counts bytes as well as values', async () => {
    const values = iterate(client.stream('large', 1_000, { window: { bytes: 10_000 } }));
    await values.next();
    await turns(200);
    expect(given).toBeLessThanOrEqual(12);
    await values.return?.();
  });

  it('whose loop is left is stopped at the server', async () => {
    for await (const value of client.stream<number>('numbers', 1_000_000)) if (value === 5) break;
    await until(() => stopped === 1 && server.callsInHand === 0);
    expect(given).toBeLessThan(10_000);
    expect(client.openCalls).toBe(0);
  });

  it('fails its loop with the error of the handler, behind all values', async () => {
    const heard: number[] = [];
    const read = async (): Promise<void> => {
      for await (const value of client.stream<number>('fails', 100, { window: { values: 7 } }))
        heard.push(value);
    };
    await expect(read()).rejects.toMatchObject({ status: 'INTERNAL' });
    expect(heard).toHaveLength(100);
  });

  it('that nobody asks for ends at the deadline, at both ends', async () => {
    const stream = client.stream('numbers', 1_000_000, { timeoutMs: 200, window: { values: 4 } });
    const values = iterate(stream);
    await values.next();
    await until(() => stopped === 1 && server.callsInHand === 0);
    const rest = async (): Promise<void> => {
      for (;;) if ((await values.next()).done === true) return;
    };
    await expect(rest()).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    expect((await values.next()).done).toBe(true);
  });

  it('of an Observable waits at the server, the end behind it, and arrives whole', async () => {
    let heard = 0;
    for await (const value of client.stream<number>('range', 5_000, { window: { values: 8 } }))
      expect(value).toBe(heard++);
    expect(heard).toBe(5_000);
    await until(() => server.callsInHand === 0);
  });

  it('of an Observable that is not to wait fails when too much does', async () => {
    const read = async (): Promise<void> => {
      for await (const value of client.stream<number>('strict', 50_000))
        expect(value).toBeGreaterThanOrEqual(0);
    };
    await expect(read()).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED', retryable: true });
    await until(() => server.callsInHand === 0);
  });

  it('of an Observable fails when all that waits is more than the server may hold', async () => {
    const { server: small } = await cluster.serve(
      { controllers: [StreamController] },
      { service: 'small', maxQueuedBytes: 10_000 },
    );
    const read = async (): Promise<void> => {
      const values = cluster.client({ service: 'small' }).stream('range', 50_000, { window: { values: 1 } });
      for await (const value of values) expect(value).toBeGreaterThanOrEqual(0);
    };
    await expect(read()).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining('maxQueuedBytes') as string,
    });
    await until(() => small.callsInHand === 0);
  });

  it('is asked for no more than its concatMap() has done', async () => {
    const done: number[] = [];
    const values = client
      .stream<number>('numbers', 50, { window: { values: 2 } })
      .concatMap(async (value) => {
        await turns(2);
        expect(given).toBeLessThanOrEqual(value + 4);
        done.push(value);
        return value * 2;
      });
    expect(await lastValueFrom(values.pipe(toArray()))).toEqual(Array.from({ length: 50 }, (_, i) => i * 2));
    expect(done).toHaveLength(50);
  });

  it('is stopped when the subscriber of its concatMap() leaves', async () => {
    const values = client.stream<number>('numbers', 1_000_000).concatMap((value) => sleep(1, value));
    const subscription = values.subscribe();
    await until(() => given > 0);
    subscription.unsubscribe();
    await until(() => stopped === 1 && server.callsInHand === 0);
  });

  it('is cancelled by its signal, in a loop and for a subscriber', async () => {
    const abort = new AbortController();
    const { signal } = abort;
    const read = async (): Promise<void> => {
      for await (const value of client.stream<number>('numbers', 1e6, { signal }))
        if (value === 9) abort.abort();
    };
    await expect(read()).rejects.toMatchObject({ status: 'CANCELLED' });
    await expect(lastValueFrom(client.stream('numbers', 1e6, { signal }))).rejects.toMatchObject({
      status: 'CANCELLED',
    });
    await until(() => stopped === 1 && server.callsInHand === 0);
  });

  it('is an Observable too, as send() gives it', async () => {
    expect(await lastValueFrom(client.stream('numbers', 10_000).pipe(count()))).toBe(10_000);
    expect(await lastValueFrom(client.send('numbers', 100_000).pipe(count()))).toBe(100_000);
  });

  it('holds up nobody else', async () => {
    const slow = iterate(client.stream<number>('numbers', 1_000_000, { window: { values: 1 } }));
    await slow.next();
    expect(await lastValueFrom(client.stream('numbers', 10_000).pipe(count()))).toBe(10_000);
    await slow.return?.();
  });

  it.each([
    [{ window: 5 }, 'window'],
    [{ window: { values: 0 } }, 'window.values'],
    [{ window: { bytes: 1.5 } }, 'window.bytes'],
    [{ windows: {} }, 'windows'],
    [{ signal: 1 }, 'signal'],
  ])('refuses options that are none: %j', (options, name) => {
    expect(() => client.stream('numbers', 1, options as never)).toThrow(name);
  });

  it.each([
    ['an Observable', range(0, 3)],
    ['an async iterable', (async function* () {})()],
    ['a ReadableStream', new ReadableStream()],
  ])('refuses %s as data, whose values would not be sent', (_what, data) => {
    expect(() => client.stream('numbers', data)).toThrow('not the values of a stream');
  });

  it.each(['always', 5])('refuses a streamOverflow that is none: %j', async (streamOverflow) => {
    class Wrong {
      odd(): number {
        return 1;
      }
    }
    MessagePattern('odd', { streamOverflow })(
      Wrong.prototype,
      'odd',
      Object.getOwnPropertyDescriptor(Wrong.prototype, 'odd')!,
    );
    Controller()(Wrong);
    await expect(cluster.serve({ controllers: [Wrong] }, { service: 'odd' })).rejects.toThrow(
      'streamOverflow',
    );
  });
});
