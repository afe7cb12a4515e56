import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { NEVER, type Observable } from 'rxjs';
import type { DriverConnection } from 'nestjs-kafka-rpc';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster, type RunningApp } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const REQUESTS = 'rpc.sum.requests';
const REPLIES = 'rpc.replies';

describe('a client whose topics change', () => {
  let cluster: RpcCluster;
  let raw: DriverConnection;

  @Controller()
  class SumController {
    @MessagePattern('sum.echo')
    echo(@Payload() data: unknown): unknown {
      return data;
    }

    @MessagePattern('sum.never')
    never(): Observable<never> {
      return NEVER;
    }
  }

  beforeEach(async () => {
    cluster = new RpcCluster();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
  });

  afterEach(() => cluster.close());

  const create = (topic: string, partitions: number): Promise<void> =>
    raw.ensureTopics(
      [
        {
          topic,
          partitions,
          replicationFactor: 1,
          config: { 'message.timestamp.type': 'LogAppendTime', 'compression.type': 'uncompressed' },
          required: [],
        },
      ],
      { create: true },
    );

  const serve = (partitions: number, replyPartitions: number): Promise<RunningApp> =>
    cluster.serve({ controllers: [SumController] }, { partitions, replyPartitions, gracePeriodMs: 20 });

  it('calls on partitions that were added, and every key is answered', async () => {
    await serve(1, 1);
    const client = cluster.client();
    await client.call('sum.echo', 0);
    cluster.driver.addPartitions(REQUESTS, 8);
    const seen = new Set<number>();
    for (let partition = 1; partition < 8; partition++) {
      await raw.readPartition({ topic: REQUESTS, partition, from: 0n }, () => seen.add(partition));
    }
    const keys = Array.from({ length: 64 }, (_, i) => `key ${i}`);
    const replies = await Promise.all(keys.map((key, i) => client.call('sum.echo', i, { key })));
    expect(replies.map(({ value }) => value)).toEqual(keys.map((_, i) => i));
    await until(() => seen.size === 7);
  });

  it('calls on no partition that a topic made anew does not have', async () => {
    const { app } = await serve(8, 1);
    const client = cluster.client();
    await Promise.all(Array.from({ length: 32 }, (_, i) => client.call('sum.echo', i)));
    await app.close();
    cluster.driver.deleteTopic(REQUESTS);
    await create(REQUESTS, 2);
    await serve(2, 1);
    const replies = await Promise.all(
      Array.from({ length: 32 }, (_, i) => client.call('sum.echo', i, { key: `key ${i}`, timeoutMs: 5_000 })),
    );
    expect(replies).toHaveLength(32);
    const unkeyed = await Promise.all(
      Array.from({ length: 32 }, (_, i) => client.call('sum.echo', i, { timeoutMs: 5_000 })),
    );
    expect(unkeyed).toHaveLength(32);
  });

  it('is answered on a reply partition that is younger than its server', async () => {
    const { server } = await serve(1, 1);
    await cluster.client().call('sum.echo', 0);
    cluster.driver.addPartitions(REPLIES, 16);
    const clients = Array.from({ length: 8 }, () => cluster.client({ timeoutMs: 5_000 }));
    const replies = await Promise.all(clients.map((client, i) => client.call('sum.echo', i)));
    expect(replies.map(({ value }) => value)).toEqual(clients.map((_, i) => i));
    expect(server.counters.recordsRefused).toBe(0);
  });

  it('reads another partition when the one of its answers is gone, and tells its open calls', async () => {
    await serve(1, 32);
    const clients = Array.from({ length: 4 }, () => cluster.client({ timeoutMs: 20_000 }));
    await Promise.all(clients.map((client) => client.call('sum.echo', 0)));
    const open = clients.map((client) =>
      client.call('sum.never', {}).catch((error: { status: string }) => error.status),
    );
    await until(() => clients.every((client) => client.openCalls === 1));
    cluster.driver.deleteTopic(REPLIES);
    await create(REPLIES, 1);
    // Of 32 partitions one is left: but for one in a million, somebody has to move.
    const told = await Promise.race(open);
    expect(told).toBe('UNAVAILABLE');
    for (const client of clients)
      expect((await client.call('sum.echo', 'again', { timeoutMs: 5_000 })).value).toBe('again');
  });
});
