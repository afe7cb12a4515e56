import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcContext } from 'nestjs-kafka-rpc';
import { interval, lastValueFrom, type Observable } from 'rxjs';
import type { AnyCluster } from './any-cluster.js';
import { until } from './until.js';

const HANDLER_MS = 20;

/** What limits and turns of handlers promise, wherever the log is. */
export const describeFairLimits = (start: () => AnyCluster | Promise<AnyCluster>): void => {
  let cluster: AnyCluster;
  let running: number;
  let most: number;
  let signals: AbortSignal[];
  let runs: number;
  let release: () => void;
  let released: Promise<void>;

  @Controller()
  class LimitedController {
    @MessagePattern('report', { concurrency: 2 })
    async report(): Promise<string> {
      running += 1;
      most = Math.max(most, running);
      await released;
      running -= 1;
      return 'reported';
    }

    @MessagePattern('quick')
    quick(): string {
      return 'quick';
    }

    @MessagePattern('work')
    async work(): Promise<number> {
      await sleep(HANDLER_MS);
      return 1;
    }

    @MessagePattern('endless', { timeoutMs: 50 })
    endless(@Ctx() context: KafkaRpcContext): Promise<never> {
      signals.push(context.signal);
      return new Promise((_resolve, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason as Error));
      });
    }

    @MessagePattern('endless-stream', { timeoutMs: 100 })
    endlessStream(): Observable<number> {
      return interval(10);
    }

    @MessagePattern('in-time', { timeoutMs: 5_000 })
    inTime(): string {
      return 'in time';
    }

    @MessagePattern('rated', { rateLimit: { perSecond: 5, burst: 2 } })
    rated(): number {
      return ++runs;
    }

    @MessagePattern('later')
    later(@Payload() ms: number, @Ctx() context: KafkaRpcContext): number {
      if (++runs === 1) throw context.retryAfter(ms);
      return runs;
    }

    @MessagePattern('later-by-note')
    laterByNote(@Payload() ms: number, @Ctx() context: KafkaRpcContext): number {
      context.retryAfter(ms);
      if (++runs === 1) throw new RpcError('UNAVAILABLE', 'busy', { details: { a: 1 } });
      return runs;
    }

    @EventPattern('told', { concurrency: 1, priority: 3 })
    told(@Payload() data: unknown): void {
      runs += data === 0 ? 1 : 0;
    }
  }

  beforeAll(async () => {
    cluster = await start();
    await cluster.serve({ controllers: [LimitedController] }, { concurrency: 16 });
  });
  beforeEach(() => {
    [running, most, runs] = [0, 0, 0];
    signals = [];
    released = new Promise((resolve) => (release = resolve));
  });
  afterAll(() => cluster.close());

  it('run no more of a handler at once than its concurrency, and others go past those that wait', async () => {
    const client = cluster.client();
    const reports = Array.from({ length: 40 }, () => client.call('report', 0));
    await until(() => running === 2);
    expect((await client.call('quick', 0)).value).toBe('quick');
    expect([running, most]).toEqual([2, 2]);
    release();
    await Promise.all(reports);
    expect(most).toBe(2);
  });

  it('end a run at the time limit of its handler: its caller hears of it, its signal aborts', async () => {
    const client = cluster.client();
    await expect(client.call('endless', 0)).rejects.toMatchObject({
      status: 'DEADLINE_EXCEEDED',
      retryable: false,
      origin: 'server',
      message: 'The handler of "endless" took longer than its timeoutMs of 50 ms, and was ended.',
    });
    await until(() => signals[0]!.aborted);
    expect((await client.call('in-time', 0)).value).toBe('in time');
    await expect(lastValueFrom(client.send('endless-stream', 0))).rejects.toMatchObject({
      status: 'DEADLINE_EXCEEDED',
    });
  });

  it('refuse what is faster than the rate limit, say when to come again, and that nothing ran', async () => {
    const client = cluster.client();
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => client.call('rated', 0)));
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect([runs, refused.length]).toEqual([2, 3]);
    expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      retryable: true,
      details: { started: false },
    });
    await sleep(500);
    [runs] = [0];
    const retry = { attempts: 20, backoffMs: 1, maxBackoffMs: 1 };
    const retrying = cluster.client({ retry });
    const begun = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => retrying.call('rated', 0)));
    // Two at once, then five a second, though no call says that it may run twice: none ran that was refused.
    expect(runs).toBe(5);
    expect(performance.now() - begun).toBeGreaterThan(500);
  });

  it.each(['later', 'later-by-note'])('have a handler say when to come again: %s', async (pattern) => {
    const client = cluster.client({ retry: { attempts: 2, backoffMs: 1, jitter: 0 } });
    const begun = performance.now();
    const reply = await client.call(pattern, 300, { idempotent: true });
    expect(reply).toMatchObject({ value: 2, attempt: 2 });
    expect(performance.now() - begun).toBeGreaterThan(299);
    runs = 0;
    await expect(cluster.client().call(pattern, 300)).rejects.toMatchObject({ retryAfterMs: 300 });
  });

  it('take limits of events too', async () => {
    await lastValueFrom(cluster.client().emit('told', 0), { defaultValue: 0 });
    await until(() => runs === 1);
  });

  it('answer a caller of one call at a time long before the 10,000 calls of another that came first', async () => {
    const [greedy, modest] = [cluster.client({ maxOpenCalls: 20_000, timeoutMs: 120_000 }), cluster.client()];
    await modest.call('work', 0);
    let isOver = false;
    let answered = 0;
    const again = (): Promise<void> =>
      greedy.call('work', 0).then(
        () => {
          answered += 1;
          return isOver ? undefined : again();
        },
        () => undefined,
      );
    for (let i = 0; i < 10_000; i++) void again();
    await until(() => answered > 1_500);
    const overtaken: number[] = [];
    for (let i = 0; i < 20; i++) {
      const before = answered;
      await modest.call('work', 0);
      overtaken.push(answered - before);
      await sleep(20);
    }
    isOver = true;
    expect(greedy.openCalls).toBeGreaterThan(9_000);
    await greedy.close();
    // First come, first served, each waited for all that came before. Counted, not timed: what else this machine does holds up both.
    expect(Math.max(...overtaken)).toBeLessThan(2_500);
  });
};
