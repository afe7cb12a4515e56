import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import {
  KafkaRpcRecordBuilder,
  RpcError,
  type CallRetryOptions,
  type KafkaRpcClient,
  type KafkaRpcContext,
} from 'nestjs-kafka-rpc';
import { concat, lastValueFrom, of, throwError, toArray, type Observable } from 'rxjs';
import type { AnyCluster } from './any-cluster.js';
import { deferred, type Deferred } from './deferred.js';
import { until } from './until.js';

const RETRY: CallRetryOptions = { attempts: 3, backoffMs: 20, jitter: 0 };
const IDEMPOTENT = { idempotent: true };

/** What retries of calls promise, wherever the log is. */
export const describeRetriedCalls = (start: () => AnyCluster | Promise<AnyCluster>): void => {
  let cluster: AnyCluster;
  /** Of the handler's runs: the attempt, and what it was sent. */
  let runs: { attempt: number; data: unknown; atMs: number }[];
  let failure: RpcError;
  /** So many runs fail. */
  let failures: number;

  const run = (data: unknown, context: KafkaRpcContext): number => {
    runs.push({ attempt: context.getAttempt(), data, atMs: performance.now() });
    if (runs.length <= failures) throw failure;
    return runs.length;
  };

  @Controller()
  class FailingController {
    @MessagePattern('get')
    get(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): number {
      return run(data, context);
    }

    @MessagePattern('other')
    other(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): number {
      return run(data, context);
    }

    @MessagePattern('begun')
    begun(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): Observable<number> {
      runs.push({ attempt: context.getAttempt(), data, atMs: 0 });
      return concat(
        of(1),
        throwError(() => failure),
      );
    }

    @MessagePattern('slow')
    async slow(): Promise<void> {
      await held.promise;
    }
  }

  let held: Deferred<unknown>;

  beforeAll(async () => {
    held = deferred<unknown>();
    cluster = await start();
    await cluster.serve({ controllers: [FailingController] }, { idempotency: {} });
  });
  beforeEach(() => {
    runs = [];
    failures = 1;
    failure = new RpcError('UNAVAILABLE', 'not yet');
  });
  afterAll(() => {
    held.resolve(undefined);
    return cluster.close();
  });

  const callOf = (client: KafkaRpcClient, options: object = IDEMPOTENT): ReturnType<typeof client.call> =>
    client.call('get', { a: 1 }, options);

  it('are sent again when they are idempotent by mark, and both sides hear which attempt it is', async () => {
    failures = 2;
    const client = cluster.client({ retry: RETRY });
    const reply = await callOf(client);
    expect(reply).toMatchObject({ value: 3, attempt: 3 });
    expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(client.counters.callsRetried).toBe(2);
    expect(client.openCalls).toBe(0);
  });

  it('are sent again when they have an idempotency key', async () => {
    const reply = await callOf(cluster.client({ retry: RETRY }), { idempotencyKey: `k-${Math.random()}` });
    expect(reply).toMatchObject({ value: 2, attempt: 2 });
  });

  it('fail at once when they were sent and nobody says that they may run twice', async () => {
    const client = cluster.client({ retry: RETRY });
    await expect(callOf(client, {})).rejects.toMatchObject({ message: 'not yet' });
    await expect(callOf(client, { idempotent: false })).resolves.toMatchObject({ attempt: 1 });
    expect(runs).toHaveLength(2);
  });

  it('are sent once by default', async () => {
    await expect(callOf(cluster.client())).rejects.toMatchObject({ message: 'not yet' });
    expect(runs).toHaveLength(1);
  });

  it('fail with the last error when the attempts are used up', async () => {
    failures = 9;
    await expect(callOf(cluster.client({ retry: RETRY }))).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(runs).toHaveLength(3);
  });

  it('are not sent again for an error that says that this is of no use', async () => {
    failure = new RpcError('INVALID_ARGUMENT', 'never');
    await expect(callOf(cluster.client({ retry: RETRY }))).rejects.toMatchObject({ message: 'never' });
    failure = new RpcError('UNAVAILABLE', 'never', { retryable: false });
    failures = 2;
    await expect(callOf(cluster.client({ retry: RETRY }))).rejects.toMatchObject({ message: 'never' });
    expect(runs).toHaveLength(2);
  });

  it.each([
    ['statuses', { statuses: ['INTERNAL'] }],
    ['on, a list', { on: ['INTERNAL'] }],
    ['on, a function', { on: ({ status }: RpcError) => status === 'INTERNAL' }],
  ] as [string, CallRetryOptions][])('are sent again for the errors of %s', async (_name, rule) => {
    const client = cluster.client({ retry: { ...RETRY, ...rule } });
    failure = new RpcError('INTERNAL', 'asked for');
    await expect(callOf(client)).resolves.toMatchObject({ attempt: 2 });
    runs = [];
    failure = new RpcError('UNAVAILABLE', 'not asked for');
    await expect(callOf(client)).rejects.toMatchObject({ message: 'not asked for' });
  });

  it('have a policy of their pattern over that of the client, and of their own over both', async () => {
    const client = cluster.client({
      retry: RETRY,
      patterns: { get: { retry: false }, other: { idempotent: true, retry: { attempts: 2 } } },
    });
    await expect(callOf(client)).rejects.toMatchObject({ message: 'not yet' });
    runs = [];
    failures = 2;
    await expect(client.call('other', 0)).rejects.toMatchObject({ message: 'not yet' });
    expect(runs).toHaveLength(2);
    runs = [];
    const own = { ...IDEMPOTENT, retry: { attempts: 3 } };
    await expect(callOf(client, own)).resolves.toMatchObject({ attempt: 3 });
    runs = [];
    await expect(client.call('other', 0, { retry: false })).rejects.toMatchObject({ message: 'not yet' });
  });

  it('are sent again by send(), as what they were when they were made', async () => {
    const data = { n: 1 };
    const record = new KafkaRpcRecordBuilder(data).setIdempotent().setRetry(RETRY).build();
    const answer = lastValueFrom(cluster.client().send('get', record));
    await until(() => runs.length === 1);
    data.n = 2;
    expect(await answer).toBe(2);
    expect(runs.map((each) => each.data)).toEqual([{ n: 1 }, { n: 1 }]);
  });

  it('are not sent again once a value of their stream has come', async () => {
    const client = cluster.client({ retry: RETRY });
    const values: unknown[] = [];
    const record = new KafkaRpcRecordBuilder({}).setIdempotent().build();
    const stream = client.send('begun', record).pipe(toArray());
    await expect(lastValueFrom(stream)).rejects.toMatchObject({ message: 'not yet' });
    expect([runs.length, values]).toEqual([1, []]);
  });

  it('come when the server says, and not before', async () => {
    failure = new RpcError('RESOURCE_EXHAUSTED', 'later', { retryAfterMs: 400 });
    const reply = await callOf(cluster.client({ retry: RETRY }));
    expect(reply.attempt).toBe(2);
    expect(runs[1]!.atMs - runs[0]!.atMs).toBeGreaterThan(399);
  });

  it('fail at once when the server says a time behind their deadline', async () => {
    failure = new RpcError('RESOURCE_EXHAUSTED', 'much later', { retryAfterMs: 60_000 });
    const error = await callOf(cluster.client({ retry: RETRY })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'much later', retryAfterMs: 60_000 });
    expect(runs).toHaveLength(1);
  });

  it('end at their deadline, all attempts together', async () => {
    failures = 1_000;
    const endless = { ...RETRY, attempts: Infinity, maxBackoffMs: 20 };
    const begun = performance.now();
    const error = await callOf(cluster.client({ retry: endless }), { ...IDEMPOTENT, timeoutMs: 500 }).catch(
      (thrown: unknown) => thrown,
    );
    expect((error as RpcError).status).toMatch(/UNAVAILABLE|DEADLINE_EXCEEDED/);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(runs.length).toBeGreaterThan(2);
  });

  it('are kept back when half of the budget is used up, which the answers of others fill again', async () => {
    const client = cluster.client({ retry: RETRY, retryBudget: { maxTokens: 4, tokenRatio: 1 } });
    failures = Infinity;
    for (let i = 0; i < 10; i++) await callOf(client).catch(() => undefined);
    // The first call's two retries, and no other: each of the ten was sent once.
    expect(runs.length).toBeLessThanOrEqual(12);
    expect(client.counters.retriesThrottled).toBeGreaterThanOrEqual(8);
    failures = 0;
    for (let i = 0; i < 4; i++) await callOf(client);
    [runs, failures] = [[], 1];
    await expect(callOf(client)).resolves.toMatchObject({ attempt: 2 });
  });

  it('end when they are cancelled in their pause, and are not sent again', async () => {
    const client = cluster.client({ retry: { ...RETRY, backoffMs: 300 } });
    const leaving = new AbortController();
    const call = callOf(client, { ...IDEMPOTENT, signal: leaving.signal });
    await until(() => runs.length === 1 && client.openCalls === 0);
    leaving.abort();
    await expect(call).rejects.toMatchObject({ status: 'CANCELLED' });
    await callOf(client);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(runs).toHaveLength(2);
  });

  it('end with CANCELLED when their client closes in their pause', async () => {
    const client = cluster.client({ retry: { ...RETRY, backoffMs: 60_000 }, timeoutMs: 120_000 });
    const call = callOf(client);
    await until(() => runs.length === 1 && client.openCalls === 0);
    const closing = client.close();
    await expect(call).rejects.toMatchObject({
      status: 'CANCELLED',
      message: expect.stringContaining('before the next attempt') as string,
    });
    await closing;
  });

  it('are refused beyond the open calls that their pattern may have, and others are not', async () => {
    const client = cluster.client({ maxOpenCallsPerPattern: 2, patterns: { other: { maxOpenCalls: 1 } } });
    failures = 0;
    const leaving = new AbortController();
    const slow = [1, 2].map(() => client.call('slow', 0, { signal: leaving.signal }));
    await expect(client.call('slow', 0)).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      retryable: true,
      message: expect.stringContaining('2 calls to "slow" are open') as string,
    });
    await expect(callOf(client)).resolves.toMatchObject({ value: 1 });
    const [first, second] = await Promise.allSettled([client.call('other', 0), client.call('other', 0)]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
    await expect(client.call('other', 0)).resolves.toMatchObject({ attempt: 1 });
    leaving.abort();
    await Promise.allSettled(slow);
    const again = client.call('slow', 0, { timeoutMs: 100 });
    await expect(again).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
  });

  it('wait for a place of their pattern when they may be sent again: what was not sent needs no mark', async () => {
    failures = 0;
    const client = cluster.client({ maxOpenCallsPerPattern: 1, retry: { ...RETRY, attempts: Infinity } });
    const replies = await Promise.all([1, 2, 3].map(() => client.call('get', 0)));
    expect(replies.map(({ attempt }) => attempt > 1)).toEqual([false, true, true]);
    expect(runs).toHaveLength(3);
  });
};
