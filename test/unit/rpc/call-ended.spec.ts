import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  type CallEnded,
  json,
  type KafkaRpcClientOptions,
  KafkaRpcContext,
  type KafkaRpcServerOptions,
  RpcError,
} from 'nestjs-kafka-rpc';
import { channel } from 'node:diagnostics_channel';
import { lastValueFrom } from 'rxjs';
import { deferred, type Deferred } from '../../support/deferred.js';
import { GatedDriver, unreachable } from '../../support/gated-driver.js';
import { event, request, requestEnvelope } from '../../support/incoming-calls.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const TOPIC = 'rpc.sum.requests';

describe('the channel nestjs-kafka-rpc:call-ended', () => {
  const ended = channel('nestjs-kafka-rpc:call-ended');
  let told: CallEnded[];
  const hear = (message: unknown): void => void told.push(message as CallEnded);
  let cluster: RpcCluster;
  let gate: Deferred<void>;
  let started: number;

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    add(@Payload() value: unknown): unknown {
      return value;
    }

    @MessagePattern('sum.fail')
    fail(): never {
      throw new RpcError('NOT_FOUND', 'There is none.');
    }

    @MessagePattern('sum.wait')
    async wait(@Ctx() { signal }: KafkaRpcContext): Promise<string> {
      started += 1;
      await Promise.race([gate.promise, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
      return 'at last';
    }

    @EventPattern('sum.done')
    done(@Payload() by: number): void {
      started += by;
    }

    @EventPattern('sum.spoilt')
    spoilt(@Payload() what: string): void {
      throw new RpcError('DATA_LOSS', `${what} is spoilt.`);
    }
  }

  beforeEach(() => {
    told = [];
    started = 0;
    gate = deferred();
    cluster = new RpcCluster();
    ended.subscribe(hear);
  });

  afterEach(async () => {
    gate.resolve();
    await cluster.close();
    ended.unsubscribe(hear);
  });

  const serve = (options: Partial<KafkaRpcServerOptions> = {}) =>
    cluster.serve({ controllers: [SumController] }, { partitions: 1, ...options });
  const connect = async (options: Partial<KafkaRpcClientOptions> = {}) => {
    const client = cluster.client({ partitions: 1, ...options });
    await client.connect();
    return client;
  };
  const of = (side: string): CallEnded[] => told.filter((call) => call.side === side);
  const short = (side: string): string[] =>
    of(side).map(({ pattern, how, status }) => `${pattern} ${how} ${status}`);
  /** What is told later would be told twice. */
  const onlyTold = async (side: string, count = 1): Promise<string[]> => {
    await until(() => of(side).length >= count);
    await turns();
    return short(side);
  };

  it('tells of an answered call on both sides: what was called, where, how it ended, how long it took', async () => {
    await serve();
    const client = await connect();
    await client.call('sum.add', 'a secret', { key: 'k', headers: { h: 'another' } });
    await onlyTold('server');
    const call = { kind: 'request', pattern: 'sum.add', topic: TOPIC, how: 'answered', status: 'OK' };
    const time: unknown = expect.any(Number);
    expect(of('client')).toEqual([{ side: 'client', ...call, totalMs: time, serverMs: time }]);
    expect(of('server')).toEqual([{ side: 'server', ...call, totalMs: time, waitedMs: time }]);
    for (const { totalMs, serverMs = 0, waitedMs = 0 } of told) {
      expect(Math.min(totalMs!, serverMs, waitedMs)).toBeGreaterThanOrEqual(0);
      expect(totalMs).toBeGreaterThanOrEqual(waitedMs);
    }
  });

  it('gives no time for a call that had begun before anybody listened', async () => {
    ended.unsubscribe(hear);
    await serve();
    const client = await connect();
    const call = client.call('sum.wait', {});
    await until(() => started === 1);
    ended.subscribe(hear);
    gate.resolve();
    await call;
    await onlyTold('server');
    expect(told.map(({ side, totalMs, waitedMs }) => [side, totalMs, waitedMs]).sort()).toEqual([
      ['client', undefined, undefined],
      ['server', undefined, undefined],
    ]);
  });

  it('tells once of each of many calls, and counts as many as were made', async () => {
    await serve({ partitions: 4 });
    const client = await connect();
    const calls = Array.from({ length: 500 }, (_, index) =>
      client.call(index % 5 === 0 ? 'sum.fail' : 'sum.add', index).catch(() => undefined),
    );
    await Promise.all(calls);
    await until(() => of('server').length >= 500);
    await turns();
    const count = (side: string, status: string): number =>
      of(side).filter((call) => call.status === status).length;
    for (const side of ['client', 'server'])
      expect([count(side, 'OK'), count(side, 'NOT_FOUND')]).toEqual([400, 100]);
    expect(told).toHaveLength(1_000);
  });

  describe('at the client', () => {
    it('has INTERNAL for an answer that cannot be read', async () => {
      const serializer = json();
      const deserialize = (): never => {
        throw new Error('unreadable');
      };
      await serve({ serializer });
      const client = await connect({ serializer: { ...serializer, deserialize } });
      await expect(client.call('sum.add', 1)).rejects.toMatchObject({ status: 'INTERNAL' });
      expect(await onlyTold('client')).toEqual(['sum.add answered INTERNAL']);
    });

    it('tells of one that expires', async () => {
      const client = await connect({ timeoutMs: 50 });
      await expect(client.call('sum.add', 1)).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
      expect(await onlyTold('client')).toEqual(['sum.add expired DEADLINE_EXCEEDED']);
      expect(of('client')[0]!.totalMs).toBeGreaterThanOrEqual(45);
    });

    it('tells of one that its caller gives up', async () => {
      const client = await connect();
      client.send('sum.add', 1).subscribe().unsubscribe();
      expect(await onlyTold('client')).toEqual(['sum.add cancelled CANCELLED']);
    });

    it('tells of one that the broker refuses', async () => {
      const client = await connect();
      cluster.driver.playProduce(() => ({ refusal: new RpcError('RESOURCE_EXHAUSTED', 'x') }));
      await expect(client.call('sum.add', 1)).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
      expect(await onlyTold('client')).toEqual(['sum.add refused RESOURCE_EXHAUSTED']);
    });

    it.each<[string, unknown, unknown, string]>([
      ['data that cannot be sent', 'sum.add', () => 1, 'sum.add'],
      ['a pattern that is none', undefined, 1, ''],
    ])('tells of one that cannot be made: %s', async (_what, pattern, data, name) => {
      const client = await connect();
      await expect(client.call(pattern, data)).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
      expect(await onlyTold('client')).toEqual([`${name} refused INVALID_ARGUMENT`]);
    });

    it('tells of one too many', async () => {
      const client = await connect({ maxOpenCalls: 1, timeoutMs: 1_000 });
      const first = client.call('sum.add', 1).catch(() => undefined);
      await expect(client.call('sum.fail', 1)).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
      expect(await onlyTold('client')).toEqual(['sum.fail refused RESOURCE_EXHAUSTED']);
      await client.close();
      await first;
    });

    it('tells of those that are open when it is closed', async () => {
      const client = await connect();
      const call = client.call('sum.add', 1);
      await client.close();
      await expect(call).rejects.toMatchObject({ status: 'CANCELLED' });
      expect(await onlyTold('client')).toEqual(['sum.add failed CANCELLED']);
    });

    it('tells once of one that waited for the connection, with that in its time', async () => {
      await serve();
      const slow = new GatedDriver(cluster.driver);
      const opened = deferred();
      slow.before.set(1, opened.promise);
      const call = cluster.client({ driver: slow, partitions: 1 }).call('sum.add', 1);
      const startedAt = performance.now();
      await until(() => performance.now() - startedAt > 30);
      opened.resolve();
      await call;
      expect(await onlyTold('client')).toEqual(['sum.add answered OK']);
      expect(of('client')[0]!.totalMs).toBeGreaterThanOrEqual(25);
    });

    it('tells of those that never left: at their deadline, given up, with a client that closes or cannot connect', async () => {
      const slow = new GatedDriver(cluster.driver);
      slow.before.set(1, deferred().promise);
      slow.before.set(2, unreachable());
      const client = cluster.client({ driver: slow, maxOpenCalls: 3 });
      const late = client.call('late', 1, { timeoutMs: 30 });
      const givenUp = client.send('given up', 1).subscribe();
      const open = client.call('open', 1);
      await expect(client.call('too many', 1)).rejects.toThrow('maxOpenCalls');
      await expect(late).rejects.toThrow('no connection');
      givenUp.unsubscribe();
      void client.close();
      await expect(open).rejects.toThrow('closed');
      await expect(client.call('away', 1)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
      await onlyTold('client', 5);
      expect(short('client')).toEqual([
        'too many refused RESOURCE_EXHAUSTED',
        'late expired DEADLINE_EXCEEDED',
        'given up cancelled CANCELLED',
        'open failed CANCELLED',
        'away failed UNAVAILABLE',
      ]);
    });
  });

  describe('at the server', () => {
    it('has the status of what a handler throws, and of a pattern without a handler', async () => {
      await serve();
      const client = await connect();
      await client.call('sum.fail', {}).catch(() => undefined);
      await client.call('sum.none', {}).catch(() => undefined);
      expect(await onlyTold('server', 2)).toEqual([
        'sum.fail answered NOT_FOUND',
        'sum.none answered UNIMPLEMENTED',
      ]);
    });

    it('tells of events when their handlers are over, well or not', async () => {
      await serve();
      const client = await connect();
      await lastValueFrom(client.emit('sum.done', 1));
      await lastValueFrom(client.emit('sum.spoilt', 'It'));
      expect(await onlyTold('server', 2)).toEqual(['sum.done answered OK', 'sum.spoilt answered DATA_LOSS']);
      expect(of('server').map(({ kind }) => kind)).toEqual(['event', 'event']);
    });

    it('tells of a running call that is cancelled, and of one in the queue', async () => {
      await serve({ concurrency: 1 });
      const client = await connect();
      const calls = [1, 2].map((value) => client.send('sum.wait', value).subscribe());
      await until(() => started === 1);
      await turns();
      calls[1]!.unsubscribe();
      await onlyTold('server', 1);
      calls[0]!.unsubscribe();
      expect(await onlyTold('server', 2)).toEqual([
        'sum.wait cancelled CANCELLED',
        'sum.wait cancelled CANCELLED',
      ]);
      expect(of('server').map(({ waitedMs }) => typeof waitedMs)).toEqual(['undefined', 'number']);
    });

    it('tells of calls whose time passes: while they run, while they wait, before they came', async () => {
      const { server } = await serve({ concurrency: 1 });
      const client = await connect();
      const calls = [1, 2].map((value) => client.call('sum.wait', value, { timeoutMs: 200 }));
      await Promise.allSettled(calls);
      expect(await onlyTold('server', 2)).toEqual(Array(2).fill('sum.wait expired DEADLINE_EXCEEDED'));
      await server.close();
      await client.call('sum.add', 1, { timeoutMs: 50 }).catch(() => undefined);
      await serve();
      expect((await onlyTold('server', 3))[2]).toEqual('sum.add expired DEADLINE_EXCEEDED');
    });

    it('tells of a call that a close interrupts, and of one that it does not start', async () => {
      const { app } = await serve({ concurrency: 1, gracePeriodMs: 20 });
      const client = await connect();
      for (const value of [1, 2]) client.call('sum.wait', value).catch(() => undefined);
      await until(() => started === 1);
      await turns();
      await app.close();
      expect(await onlyTold('server', 2)).toEqual(Array(2).fill('sum.wait closing UNAVAILABLE'));
    });

    it('tells of a call that moves with its partition, and again of it where it is run', async () => {
      await serve({ concurrency: 1 });
      const client = await connect();
      const running = client.call('sum.wait', 1);
      await until(() => started === 1);
      const waiting = client.call('sum.add', 2);
      await turns();
      cluster.driver.killMember('rpc.sum', 0);
      expect(await onlyTold('server')).toEqual(['sum.add moved ABORTED']);
      gate.resolve();
      await Promise.all([running, waiting]);
      const all = await onlyTold('server', 3);
      expect(all.filter((line) => line === 'sum.add answered OK')).toHaveLength(1);
    });

    it('tells of a request that says of no place for its answer', async () => {
      await serve();
      const raw = await connectRaw(cluster.driver);
      const envelope = requestEnvelope({ contentType: 'msgpack', replyTo: null });
      const record = speak(envelope, request({ pattern: 'sum.add' }), event({ seq: 2, pattern: 'sum.done' }));
      await raw.produce([{ topic: TOPIC, partition: 0, ...record }], { acks: -1 });
      const all = await onlyTold('server', 2);
      await raw.close();
      expect(all[0]).toBe('sum.add refused INVALID_ARGUMENT');
    });

    it('tells of an answer that the broker does not take until its caller has gone', async () => {
      await serve();
      const client = await connect({ timeoutMs: 500 });
      cluster.driver.playProduce(({ topic }) =>
        topic === 'rpc.replies' ? { refusal: new RpcError('PERMISSION_DENIED', 'x') } : undefined,
      );
      await client.call('sum.add', 1).catch(() => undefined);
      expect((await onlyTold('server'))[0]).toBe('sum.add expired DEADLINE_EXCEEDED');
    });
  });
});
