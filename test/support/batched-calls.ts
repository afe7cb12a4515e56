import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, UseGuards, UseInterceptors, type CallHandler, type CanActivate } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcContext } from 'nestjs-kafka-rpc';
import type { Observable } from 'rxjs';
import type { AnyCluster } from './any-cluster.js';
import { until } from './until.js';

/** What batches of calls promise, wherever the log is. */
export const describeBatchedCalls = (start: () => AnyCluster | Promise<AnyCluster>): void => {
  let cluster: AnyCluster;
  let runs: number[][];
  let contexts: KafkaRpcContext[][];
  let guarded: number;
  let intercepted: number;

  class CountingGuard implements CanActivate {
    canActivate(): boolean {
      guarded += 1;
      return true;
    }
  }

  class CountingInterceptor {
    intercept(_context: unknown, next: CallHandler): Observable<unknown> {
      intercepted += 1;
      return next.handle();
    }
  }

  @Controller()
  class PriceController {
    @UseGuards(CountingGuard)
    @UseInterceptors(CountingInterceptor)
    @MessagePattern('price', { batch: { max: 10, waitMs: 30 } })
    price(@Payload() items: number[], @Ctx() each: KafkaRpcContext[]): (number | RpcError)[] {
      runs.push(items);
      contexts.push(each);
      return items.map((item) => (item < 0 ? new RpcError('NOT_FOUND', `no ${item}`) : item * 2));
    }

    @MessagePattern('waiting', { batch: { max: 2, waitMs: 10_000 } })
    async waiting(@Payload() items: number[], @Ctx() each: KafkaRpcContext[]): Promise<number[]> {
      runs.push(items);
      contexts.push(each);
      await sleep(50);
      return items;
    }

    @MessagePattern('short', { batch: { max: 3, waitMs: 100 } })
    short(@Payload() items: number[]): number[] {
      runs.push(items);
      return items;
    }

    @MessagePattern('all-fail', { batch: { max: 3, waitMs: 20 } })
    allFail(): never {
      throw new RpcError('UNAVAILABLE', 'none of them');
    }

    @MessagePattern('too-few', { batch: { max: 2, waitMs: 20 } })
    tooFew(): number[] {
      return [1];
    }

    @MessagePattern('no-array', { batch: { max: 1 } })
    noArray(): number {
      return 1;
    }
  }

  beforeAll(async () => {
    cluster = await start();
    await cluster.serve({ controllers: [PriceController] });
  });
  beforeEach(() => {
    [runs, contexts] = [[], []];
    [guarded, intercepted] = [0, 0];
  });
  afterAll(() => cluster.close());

  it('bring many calls into few runs, and answer each', async () => {
    const client = cluster.client();
    await client.connect();
    const replies = await Promise.all(Array.from({ length: 25 }, (_, i) => client.call('price', i)));
    expect(replies.map(({ value }) => value)).toEqual(Array.from({ length: 25 }, (_, i) => i * 2));
    expect(runs.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i));
    expect(runs.length).toBeLessThan(25);
    expect(Math.max(...runs.map(({ length }) => length))).toBeLessThanOrEqual(10);
  });

  it('run guards and interceptors once for a batch, and give the context of each call', async () => {
    const client = cluster.client();
    await client.connect();
    const calls = ['a', 'b'].map((of) => client.call('price', 1, { headers: { of } }));
    await Promise.all(calls);
    expect([guarded, intercepted]).toEqual([runs.length, runs.length]);
    expect(
      contexts
        .flat()
        .map((context) => context.getHeaders().of)
        .sort(),
    ).toEqual(['a', 'b']);
  });

  it('fail one call and no other for an error among the results', async () => {
    const client = cluster.client();
    const [first, second, third] = await Promise.allSettled([1, -2, 3].map((i) => client.call('price', i)));
    expect([first!.status, third!.status]).toEqual(['fulfilled', 'fulfilled']);
    expect((second as PromiseRejectedResult).reason).toMatchObject({
      status: 'NOT_FOUND',
      message: 'no -2',
      origin: 'server',
    });
  });

  it('fail all calls of a batch for what the handler throws', async () => {
    const client = cluster.client();
    const outcomes = await Promise.allSettled([1, 2].map((i) => client.call('all-fail', i)));
    for (const outcome of outcomes)
      expect((outcome as PromiseRejectedResult).reason).toMatchObject({ message: 'none of them' });
  });

  it.each([
    ['too-few', 2],
    ['no-array', 1],
  ])('fail all calls when there is not a result for each: %s', async (pattern, count) => {
    const client = cluster.client();
    await client.connect();
    const outcomes = await Promise.allSettled(Array.from({ length: count }, () => client.call(pattern, 0)));
    for (const outcome of outcomes)
      expect((outcome as PromiseRejectedResult).reason).toMatchObject({
        status: 'INTERNAL',
        message: expect.stringContaining('give a result for each') as string,
      });
  });

  it('leave out calls that were cancelled or are past their deadline before the run', async () => {
    const client = cluster.client();
    const leaving = new AbortController();
    const cancelled = client.call('waiting', 1, { signal: leaving.signal });
    cancelled.catch(() => undefined);
    await sleep(50);
    leaving.abort();
    await sleep(50);
    expect((await client.call('waiting', 2)).value).toBe(2);
    expect(runs).toEqual([[2]]);
  });

  it('abort the signal of one call and no other, while they run', async () => {
    const client = cluster.client();
    const leaving = new AbortController();
    const cancelled = client.call('waiting', 1, { signal: leaving.signal });
    cancelled.catch(() => undefined);
    const other = client.call('waiting', 2);
    await until(() => runs.length === 1);
    const signals = contexts[0]!.map(({ signal }) => signal);
    leaving.abort();
    expect((await other).value).toBe(2);
    expect(signals.filter(({ aborted }) => aborted)).toHaveLength(1);
  });

  it('end each call at its own deadline', async () => {
    const client = cluster.client();
    await client.connect();
    const late = client.call('waiting', 1, { timeoutMs: 40 });
    await expect(late).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    const outcome = client.call('waiting', 2);
    expect((await outcome).value).toBe(2);
    expect(runs).toEqual([[2]]);
  });
};
