import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcRecordBuilder, RpcError, type KafkaRpcServerOptions } from 'nestjs-kafka-rpc';
import { firstValueFrom, of } from 'rxjs';
import { deferred } from '../../support/deferred.js';
import { RpcCluster, type RunningApp } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const KEY = { idempotencyKey: 'order-1' };
const DAY_MS = 24 * 60 * 60 * 1_000;

describe('calls with an idempotency key', () => {
  let runs: unknown[];
  let answer: ReturnType<typeof deferred<string>>;
  let skewMs: number;
  let cluster: RpcCluster;

  @Controller()
  class PayController {
    @MessagePattern('pay')
    pay(@Payload() data: unknown): string {
      runs.push(data);
      return `receipt ${runs.length}`;
    }

    @MessagePattern('pay.slow')
    slow(@Payload() data: unknown): Promise<string> {
      runs.push(data);
      return answer.promise;
    }

    @MessagePattern('pay.fail')
    fail(@Payload() status: RpcError['status']): never {
      runs.push(status);
      throw new RpcError(status, `no ${runs.length}`, { details: { run: runs.length } });
    }

    @MessagePattern('pay.twice')
    twice(): unknown {
      runs.push('');
      return of(1, 2);
    }

    @MessagePattern('pay.nothing')
    nothing(): void {
      runs.push('');
    }
  }

  const serve = (options: Partial<KafkaRpcServerOptions> = {}): Promise<RunningApp> =>
    cluster.serve({ controllers: [PayController] }, { partitions: 4, idempotency: {}, ...options });

  beforeEach(() => {
    runs = [];
    answer = deferred();
    skewMs = 0;
    cluster = new RpcCluster({ now: () => Date.now() + skewMs });
  });

  afterEach(() => cluster.close());

  it('run once, and all get the answer of that run', async () => {
    await serve();
    const client = cluster.client();
    const first = await client.call('pay', { cents: 5 }, KEY);
    const again = await client.call('pay', { cents: 5 }, KEY);
    const other = await cluster.client().call('pay', { cents: 5 }, KEY);
    expect([first.value, again.value, other.value]).toEqual(['receipt 1', 'receipt 1', 'receipt 1']);
    expect(runs).toEqual([{ cents: 5 }]);
  });

  it('are told apart by their keys', async () => {
    await serve();
    const client = cluster.client();
    await client.call('pay', 1, { idempotencyKey: 'a' });
    await client.call('pay', 1, { idempotencyKey: 'b' });
    await client.call('pay', 1);
    expect(runs).toEqual([1, 1, 1]);
  });

  it('are sent by the record builder as well', async () => {
    await serve();
    const record = new KafkaRpcRecordBuilder(1).setIdempotencyKey('a').setHeader('trace', 'x').build();
    const client = cluster.client();
    await firstValueFrom(client.send('pay', record));
    expect((await client.call('pay', 1, { idempotencyKey: 'a' })).value).toBe('receipt 1');
    expect(runs).toHaveLength(1);
  });

  it.each([
    ['other data', 'pay', 2],
    ['another pattern', 'pay.slow', 1],
  ])('are refused for %s under the same key', async (_what, pattern, data) => {
    await serve();
    const client = cluster.client();
    await client.call('pay', 1, KEY);
    await expect(client.call(pattern, data, KEY)).rejects.toMatchObject({
      status: 'ALREADY_EXISTS',
      message: expect.stringContaining('idempotencyKey was used for another request') as string,
    });
    expect(runs).toHaveLength(1);
  });

  it('are refused for another request while the first still runs', async () => {
    await serve();
    const client = cluster.client();
    const first = client.call('pay.slow', 1, KEY);
    await until(() => runs.length === 1);
    await expect(client.call('pay.slow', 2, KEY)).rejects.toMatchObject({ status: 'ALREADY_EXISTS' });
    answer.resolve('done');
    expect((await first).value).toBe('done');
  });

  it('wait for the run that has begun', async () => {
    await serve();
    const calls = [cluster.client(), cluster.client(), cluster.client()].map((client) =>
      client.call('pay.slow', 1, KEY),
    );
    await until(() => runs.length === 1);
    await turns();
    answer.resolve('done');
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(['done', 'done', 'done']);
    expect(runs).toHaveLength(1);
  });

  it('may be left: the run goes on for who asks next', async () => {
    await serve();
    const client = cluster.client();
    const leaving = new AbortController();
    const first = client.call('pay.slow', 1, { ...KEY, signal: leaving.signal });
    await until(() => runs.length === 1);
    leaving.abort();
    await expect(first).rejects.toMatchObject({ status: 'CANCELLED' });
    const second = client.call('pay.slow', 1, { ...KEY, timeoutMs: 50 });
    await expect(second).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    answer.resolve('done');
    expect((await client.call('pay.slow', 1, KEY)).value).toBe('done');
    expect(runs).toHaveLength(1);
  });

  it('that nobody waits for any more do not begin', async () => {
    const { server } = await serve({ concurrency: 1, partitions: 1 });
    const client = cluster.client();
    const busy = client.call('pay.slow', 'busy');
    await until(() => runs.length === 1);
    await expect(client.call('pay', 1, { ...KEY, timeoutMs: 50 })).rejects.toMatchObject({
      status: 'DEADLINE_EXCEEDED',
    });
    await until(() => server.counters.callsExpired === 1);
    answer.resolve('');
    await busy;
    await client.call('pay', 'last');
    expect(runs).toEqual(['busy', 'last']);
  });

  it.each(['NOT_FOUND', 'FAILED_PRECONDITION', 'INVALID_ARGUMENT'] as const)(
    'keep %s, which a second run would find as well',
    async (status) => {
      await serve();
      const client = cluster.client();
      for (let i = 0; i < 2; i++)
        await expect(client.call('pay.fail', status, KEY)).rejects.toMatchObject({
          status,
          message: 'no 1',
          details: { run: 1 },
        });
      expect(runs).toHaveLength(1);
    },
  );

  it.each(['UNAVAILABLE', 'INTERNAL', 'RESOURCE_EXHAUSTED', 'PERMISSION_DENIED'] as const)(
    'run again after %s, which may be over by then',
    async (status) => {
      await serve();
      const client = cluster.client();
      for (const run of [1, 2])
        await expect(client.call('pay.fail', status, KEY)).rejects.toMatchObject({
          status,
          message: `no ${run}`,
        });
    },
  );

  it('run when there is a handler at last', async () => {
    await serve();
    const client = cluster.client();
    for (let i = 0; i < 2; i++)
      await expect(client.call('pay.unknown', 1, KEY)).rejects.toMatchObject({ status: 'UNIMPLEMENTED' });
  });

  it('keep a result that is nothing', async () => {
    await serve();
    const client = cluster.client();
    expect((await client.call('pay.nothing', 1, KEY)).value).toBeUndefined();
    expect((await client.call('pay.nothing', 1, KEY)).value).toBeUndefined();
    expect(runs).toHaveLength(1);
  });

  it('refuse a stream, once and for all', async () => {
    await serve();
    const client = cluster.client();
    for (let i = 0; i < 2; i++)
      await expect(client.call('pay.twice', 1, KEY)).rejects.toMatchObject({
        status: 'FAILED_PRECONDITION',
        message: expect.stringContaining('only one can be kept') as string,
      });
    expect(runs).toHaveLength(1);
  });

  it('find their result at the next server', async () => {
    const { app } = await serve();
    await cluster.client().call('pay', 1, KEY);
    await app.close();
    const { server } = await serve();
    expect((await cluster.client().call('pay', 1, KEY)).value).toBe('receipt 1');
    expect(runs).toHaveLength(1);
    expect(server.counters.resultsReused).toBe(1);
  });

  it('find their result when a server ended between result and reply', async () => {
    await serve();
    const client = cluster.client();
    const call = client.call('pay.slow', 1, KEY);
    await until(() => runs.length === 1);
    cluster.driver.killMember('rpc.sum', 0);
    answer.resolve('done');
    expect((await call).value).toBe('done');
    expect((await client.call('pay.slow', 1, KEY)).value).toBe('done');
    expect(runs).toHaveLength(1);
  });

  it('run anew when their result is too old', async () => {
    await serve();
    const client = cluster.client();
    await client.call('pay', 1, KEY);
    skewMs = DAY_MS + 1_000;
    await client.call('pay', 'clock', {});
    expect((await client.call('pay', 1, KEY)).value).toBe('receipt 3');
  });

  it('are refused by a server that keeps no results', async () => {
    await serve({ idempotency: undefined });
    await expect(cluster.client().call('pay', 1, KEY)).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: expect.stringContaining('keeps no results') as string,
    });
    expect(runs).toEqual([]);
  });

  it('are refused for a handler that is committed before it runs', async () => {
    await serve({ commit: 'before' });
    await expect(cluster.client().call('pay', 1, KEY)).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: expect.stringContaining("commit: 'before'") as string,
    });
  });

  it.each([
    ['an empty key', { idempotencyKey: '' }],
    ['a key of 256 bytes', { idempotencyKey: 'x'.repeat(256) }],
    ['a key that is no string', { idempotencyKey: 5 as unknown as string }],
    ['a delay', { ...KEY, delayMs: 50 }],
    ['a time', { ...KEY, at: Date.now() + 1_000 }],
  ])('are not sent with %s', async (_what, options) => {
    await serve();
    await expect(cluster.client().call('pay', 1, options)).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
    });
  });

  it('are not events', async () => {
    await serve();
    await expect(firstValueFrom(cluster.client().emit('paid', 1, KEY))).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining('An event has no result') as string,
    });
  });

  it('from a thousand clients at one moment run once', async () => {
    await serve();
    const client = cluster.client();
    const calls = Array.from({ length: 1_000 }, () => client.call('pay', 1, KEY));
    expect(new Set((await Promise.all(calls)).map(({ value }) => value))).toEqual(new Set(['receipt 1']));
    expect(runs).toHaveLength(1);
  });
});
