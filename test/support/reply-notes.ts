import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcRecordBuilder, RpcError, type KafkaRpcContext } from 'nestjs-kafka-rpc';
import { lastValueFrom, Observable, toArray } from 'rxjs';
import type { AnyCluster } from './any-cluster.js';
import { until } from './until.js';

/** What headers of answers and the progress of calls promise, wherever the log is. */
export const describeReplyNotes = (start: () => AnyCluster | Promise<AnyCluster>): void => {
  let cluster: AnyCluster;
  let thrown: unknown;
  let runs: number;
  let events: number;

  @Controller()
  class TellingController {
    @MessagePattern('get')
    get(@Ctx() context: KafkaRpcContext): string {
      context.setHeader('etag', 'v4');
      context.setHeader('etag', 'v5');
      context.setHeader('__proto__', 'x');
      return 'got';
    }

    @MessagePattern('plain')
    plain(): string {
      return 'plain';
    }

    @MessagePattern('fail')
    fail(@Ctx() context: KafkaRpcContext): never {
      context.setHeader('reason', 'tired');
      throw new RpcError('UNAVAILABLE', 'no');
    }

    @MessagePattern('second')
    second(@Ctx() context: KafkaRpcContext): string {
      runs += 1;
      context.setHeader(`run-${context.getAttempt()}`, 'yes');
      context.progress(context.getAttempt());
      if (context.getAttempt() === 1) throw new RpcError('UNAVAILABLE', 'no');
      return 'second';
    }

    @MessagePattern('server-retry', { retry: { attempts: 2, backoffMs: 1 } })
    serverRetry(@Ctx() context: KafkaRpcContext): string {
      return this.second(context);
    }

    @MessagePattern('stream')
    stream(@Ctx() context: KafkaRpcContext): Observable<number> {
      context.setHeader('first', '1');
      return new Observable((subscriber) => {
        subscriber.next(1);
        setTimeout(() => {
          subscriber.next(2);
          context.setHeader('last', '2');
          subscriber.complete();
        }, 20);
      });
    }

    @MessagePattern('work')
    async work(@Payload() steps: number, @Ctx() context: KafkaRpcContext): Promise<string> {
      for (let i = 1; i <= steps; i++) {
        context.progress({ step: i });
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return 'done';
    }

    @MessagePattern('flood')
    flood(@Payload() steps: number, @Ctx() context: KafkaRpcContext): string {
      for (let i = 1; i <= steps; i++) context.progress(i);
      return 'done';
    }

    @MessagePattern('late')
    late(@Ctx() context: KafkaRpcContext): string {
      setTimeout(() => {
        context.setHeader('late', 'yes');
        context.progress('late');
      }, 5);
      return 'done';
    }

    @MessagePattern('wrong')
    wrong(@Payload() args: [unknown, unknown], @Ctx() context: KafkaRpcContext): void {
      try {
        context.setHeader(args[0] as string, args[1] as string);
      } catch (error) {
        thrown = error;
      }
    }

    @EventPattern('told')
    told(@Ctx() context: KafkaRpcContext): void {
      context.setHeader('a', 'b');
      context.progress(1);
      events += 1;
    }
  }

  beforeAll(async () => {
    cluster = await start();
    await cluster.serve({ controllers: [TellingController] }, { idempotency: {} });
  });
  beforeEach(() => {
    [thrown, runs, events] = [undefined, 0, 0];
  });
  afterAll(() => cluster.close());

  it('come with the reply, the last value of each', async () => {
    const { value, headers } = await cluster.client().call('get', 0);
    expect(value).toBe('got');
    expect(Object.entries(headers)).toEqual([
      ['etag', 'v5'],
      ['__proto__', 'x'],
    ]);
  });

  it('are none where the handler sets none', async () => {
    expect((await cluster.client().call('plain', 0)).headers).toEqual({});
  });

  it('come before an error, for who listens', async () => {
    const heard: unknown[] = [];
    const options = { onHeaders: (headers: object) => heard.push({ ...headers }) };
    await expect(cluster.client().call('fail', 0, options)).rejects.toMatchObject({ message: 'no' });
    expect(heard).toEqual([{ reason: 'tired' }]);
  });

  it('come to send() as they were set: before the first value, and before the end', async () => {
    const order: unknown[] = [];
    const record = new KafkaRpcRecordBuilder(0).setOnHeaders((headers) => order.push({ ...headers })).build();
    const values = await lastValueFrom(cluster.client().send('stream', record).pipe(toArray()));
    expect(values).toEqual([1, 2]);
    expect(order).toEqual([{ first: '1' }, { first: '1', last: '2' }]);
  });

  it.each([
    ['the client tries again', 'second', { idempotent: true, retry: { attempts: 2, backoffMs: 1 } }],
    ['the server tries again', 'server-retry', {}],
  ])('are those of the run that answered when %s', async (_who, pattern, options) => {
    const { headers, value } = await cluster.client().call(pattern, 0, options);
    expect([value, runs]).toEqual(['second', 2]);
    expect({ ...headers }).toEqual({ 'run-2': 'yes' });
  });

  it('are not kept with the result of an idempotency key: neither the first call nor a later one has them', async () => {
    const options = { idempotencyKey: `k-${Math.random()}`, onProgress: () => (thrown = 'progress') };
    const [first, second] = [
      await cluster.client().call('get', 0, options),
      await cluster.client().call('get', 0, options),
    ];
    expect([first.value, second.value]).toEqual(['got', 'got']);
    expect([first.headers, second.headers]).toEqual([{}, {}]);
  });

  it.each([
    ['', 'v'],
    [undefined, 'v'],
    ['a', 1],
    ['a', undefined],
    ['a', 'x'.repeat(8_192)],
  ])('are refused to the handler that sets what is none', async (name, value) => {
    const { headers } = await cluster.client().call('wrong', [name, value]);
    expect(thrown).toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(headers).toEqual({});
  });

  it('take no effect once the call is over', async () => {
    const heard: unknown[] = [];
    const { headers } = await cluster.client().call('late', 0, { onProgress: (value) => heard.push(value) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([headers, heard]).toEqual([{}, []]);
  });

  it('take no effect in the handler of an event', async () => {
    await lastValueFrom(cluster.client().emit('told', 0), { defaultValue: 0 });
    await until(() => events === 1);
  });

  it('tell how far a call has come, value by value and before its answer', async () => {
    const order: unknown[] = [];
    const onProgress = (value: unknown): number => order.push(value);
    const reply = await cluster.client().call('work', 3, { onProgress });
    order.push(reply.value);
    expect(order).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }, 'done']);
  });

  it('tell it to send() as well', async () => {
    const heard: unknown[] = [];
    const record = new KafkaRpcRecordBuilder(2).setOnProgress((value) => heard.push(value)).build();
    expect(await lastValueFrom(cluster.client().send('work', record))).toBe('done');
    expect(heard).toEqual([{ step: 1 }, { step: 2 }]);
  });

  it('tell a part of it when a handler tells more than the broker takes: what came first, in order', async () => {
    const heard: number[] = [];
    const onProgress = (value: unknown): number => heard.push(value as number);
    const reply = await cluster.client().call('flood', 100_000, { onProgress });
    expect(reply.value).toBe('done');
    expect(heard.length).toBeGreaterThanOrEqual(64);
    expect(heard.length).toBeLessThan(1_000);
    expect(heard.slice(0, 3)).toEqual([1, 2, 3]);
    expect([...heard].sort((a, b) => a - b)).toEqual(heard);
  });

  it('harm no call when the listener throws', async () => {
    const client = cluster.client();
    const onProgress = (): never => {
      throw new Error('no listener');
    };
    expect((await client.call('work', 2, { onProgress })).value).toBe('done');
    expect(client.counters.userCodeErrors).toBe(2);
  });

  it('are refused as options when they are no functions, and for events', async () => {
    const client = cluster.client();
    for (const options of [{ onProgress: 1 }, { onHeaders: 'yes' }])
      await expect(client.call('get', 0, options as object)).rejects.toMatchObject({
        status: 'INVALID_ARGUMENT',
      });
    await expect(lastValueFrom(client.emit('told', 0, { onProgress: () => 0 }))).rejects.toMatchObject({
      message: expect.stringContaining('"onProgress"') as string,
    });
  });
};
