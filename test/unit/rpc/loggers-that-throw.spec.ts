import { Controller, Logger } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { finalize, NEVER, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { connectRaw } from '../../support/raw-records.js';
import { until } from '../../support/until.js';

const circular: Record<string, unknown> = {};
circular.self = circular;

describe('what throws while a server tells of something', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class SumController {
    @MessagePattern('quick')
    quick(@Payload() data: unknown): unknown {
      return data;
    }

    @MessagePattern('odd')
    odd(): Observable<never> {
      return NEVER.pipe(
        finalize(() => {
          throw circular;
        }),
      );
    }
  }

  beforeEach(async () => {
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [SumController] }, { partitions: 1 }));
    client = cluster.client({ timeoutMs: 3_000 });
    await client.call('quick', 0);
  });

  afterEach(async () => {
    Logger.overrideLogger(false);
    await cluster.close();
  });

  /** Garbage, and calls behind it in the same fetch. */
  const callBehindGarbage = async (): Promise<unknown[]> => {
    const raw = await connectRaw(cluster.driver);
    const value = Buffer.from('garbage');
    const garbage = raw.produce([{ topic: 'rpc.sum.requests', partition: 0, value }], { acks: 1 });
    const calls = [1, 2, 3].map((data) => client.call('quick', data));
    await garbage;
    const values = (await Promise.all(calls)).map((reply) => reply.value);
    await raw.close();
    return values;
  };

  it.each<[string, unknown]>([
    ['an error', new Error('boom')],
    ['a BigInt', 1n],
    ['something circular', circular],
    ['an object without a prototype', Object.create(null)],
    ['nothing', undefined],
  ])('keeps no record from being read: a logger that throws %s', async (_what, thrown) => {
    const raise = (): never => {
      throw thrown;
    };
    Logger.overrideLogger({ log: raise, warn: raise, error: raise, debug: raise });
    expect(await callBehindGarbage()).toEqual([1, 2, 3]);
    expect(server.counters.recordsRefused).toBe(1);
  });

  it.each<[string, unknown]>([
    ['an error', new Error('boom')],
    ['a BigInt', 1n],
    ['something circular', circular],
  ])('keeps no record from being read: a listener that throws %s', async (_what, thrown) => {
    const heard: string[] = [];
    server.on('refused', () => {
      throw thrown;
    });
    server.on('refused', async () => {
      throw thrown;
    });
    server.on('refused', ({ reason }) => void heard.push(reason));
    expect(await callBehindGarbage()).toEqual([1, 2, 3]);
    await until(() => heard.length === 1);
  });

  it('keeps no call from ending: a teardown and a logger that throw', async () => {
    const raise = (): never => {
      throw circular;
    };
    Logger.overrideLogger({ log: raise, warn: raise, error: raise, debug: raise });
    await expect(client.call('odd', {}, { timeoutMs: 50 })).rejects.toMatchObject({
      status: 'DEADLINE_EXCEEDED',
    });
    await until(() => server.callsInHand === 0);
    expect((await client.call('quick', 1)).value).toBe(1);
    expect(server.counters.userCodeErrors).toBeGreaterThan(0);
  });
});
