import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcContext, type KafkaRpcServer, type RetryOptions } from 'nestjs-kafka-rpc';
import { concat, NEVER, of, throwError, toArray, lastValueFrom, type Observable } from 'rxjs';
import { RpcCluster, type ServeOptions } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const RETRY: RetryOptions = { attempts: 3, backoffMs: 20, jitter: 0 };
const UNAVAILABLE = (): RpcError => new RpcError('UNAVAILABLE', 'not yet');

describe('a call whose handler asks for retries', () => {
  let cluster: RpcCluster;
  let attempts: number[];

  beforeEach(() => {
    cluster = new RpcCluster();
    attempts = [];
  });

  afterEach(() => cluster.close());

  const serve = async (
    retry: RetryOptions | undefined,
    options: ServeOptions = {},
  ): Promise<KafkaRpcServer> => {
    const extras = retry === undefined ? {} : { retry };
    const failBelow = (fails: number, context: KafkaRpcContext): number => {
      attempts.push(context.getAttempt());
      if (attempts.length <= fails) throw UNAVAILABLE();
      return attempts.length;
    };
    @Controller()
    class RetriedController {
      @MessagePattern('get', extras)
      get(@Payload() fails: number, @Ctx() context: KafkaRpcContext): number {
        return failBelow(fails, context);
      }

      @MessagePattern('silent', extras)
      silent(@Payload() fails: number, @Ctx() context: KafkaRpcContext): Observable<number> {
        try {
          return of(failBelow(fails, context));
        } catch (error) {
          return throwError(() => error as Error);
        }
      }

      @MessagePattern('begun', extras)
      begun(@Payload() fails: number, @Ctx() context: KafkaRpcContext): Observable<number> {
        attempts.push(context.getAttempt());
        return concat(of(1), throwError(UNAVAILABLE));
      }

      @MessagePattern('stuck')
      stuck(): Observable<never> {
        return NEVER;
      }
    }
    const { server } = await cluster.serve({ controllers: [RetriedController] }, options);
    return server;
  };

  it.each(['get', 'silent'])('is answered by the run that succeeds: %s', async (pattern) => {
    const server = await serve(RETRY);
    await expect(cluster.client().call(pattern, 2)).resolves.toMatchObject({ value: 3 });
    expect(attempts).toEqual([1, 2, 3]);
    expect(server.counters).toMatchObject({ callsStarted: 3, retried: 2 });
    await until(() => server.callsInHand === 0);
  });

  it('is answered with the error of its last run', async () => {
    await serve(RETRY);
    await expect(cluster.client().call('get', 9)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('is not tried again because the server retries events', async () => {
    await serve(undefined, { retry: RETRY });
    await expect(cluster.client().call('get', 1)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(attempts).toEqual([1]);
  });

  it('takes from the server what its handler does not say', async () => {
    await serve({}, { retry: RETRY });
    await expect(cluster.client().call('get', 2)).resolves.toMatchObject({ value: 3 });
  });

  it('is not tried again after its deadline: its caller hears of the failure at once', async () => {
    await serve({ attempts: 5, backoffMs: 5_000 });
    const fromMs = performance.now();
    await expect(cluster.client().call('get', 1, { timeoutMs: 2_000 })).rejects.toMatchObject({
      status: 'UNAVAILABLE',
    });
    expect(performance.now() - fromMs).toBeLessThan(1_500);
    expect(attempts).toEqual([1]);
  });

  it('is not tried again when its caller has had a value', async () => {
    await serve(RETRY);
    const values = lastValueFrom(cluster.client().send('begun', 0).pipe(toArray()));
    await expect(values).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(attempts).toEqual([1]);
  });

  it('ends when it is cancelled while it waits, and gives its key back', async () => {
    const server = await serve({ ...RETRY, backoffMs: 5_000 });
    const client = cluster.client();
    const abort = new AbortController();
    const cancelled = client.call('get', 1, { key: 'k', signal: abort.signal });
    cancelled.catch(() => undefined);
    await until(() => server.counters.retried === 1);
    abort.abort();
    await until(() => server.counters.callsCancelled === 1);
    expect(server.callsInHand).toBe(0);
    await expect(client.call('get', 0, { key: 'k' })).resolves.toMatchObject({ value: 2 });
  });

  it('takes no place while it waits', async () => {
    const server = await serve({ ...RETRY, backoffMs: 5_000 }, { concurrency: 1, partitions: 1 });
    const client = cluster.client({ timeoutMs: 20_000 });
    client.call('get', 1).catch(() => undefined);
    await until(() => server.counters.retried === 1);
    await expect(client.call('get', 0)).resolves.toMatchObject({ value: 2 });
  });

  it('is run anew by another server when its own is closed while it waits', async () => {
    const first = await serve({ ...RETRY, backoffMs: 5_000 });
    const client = cluster.client();
    const answer = client.call('get', 1, { timeoutMs: 20_000 });
    await until(() => first.counters.retried === 1);
    await first.close();
    await serve(RETRY);
    await expect(answer).resolves.toMatchObject({ value: 2 });
    expect(attempts).toEqual([1, 1]);
  });

  it('is refused at start with an option that is none', async () => {
    await expect(serve({ delay: 1 } as never)).rejects.toThrow(
      `@MessagePattern('get') retry has no option "delay"`,
    );
  });
});
