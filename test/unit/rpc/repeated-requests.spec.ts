import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type {
  ConsumerRecord,
  DriverConnection,
  KafkaRpcClient,
  KafkaRpcServer,
  ProducerRecord,
} from 'nestjs-kafka-rpc';
import { deferred } from '../../support/deferred.js';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('a request that stands twice in the log', () => {
  let answer = deferred<string>();
  let runs: unknown[] = [];
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;
  let raw: DriverConnection;
  let requests: ConsumerRecord[];

  @Controller()
  class SumController {
    @MessagePattern('sum.slow')
    slow(@Payload() data: unknown): Promise<string> {
      runs.push(data);
      return answer.promise;
    }

    @MessagePattern('sum.add')
    add(@Payload() data: unknown): unknown {
      runs.push(data);
      return data;
    }

    @EventPattern('sum.done')
    async done(@Payload() data: unknown): Promise<void> {
      runs.push(data);
      await answer.promise;
    }
  }

  beforeEach(async () => {
    answer = deferred();
    runs = [];
    requests = [];
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [SumController] }, { partitions: 1 }));
    client = cluster.client();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    await raw.readPartition({ topic: 'rpc.sum.requests', partition: 0, from: 0n }, (records) =>
      requests.push(...records),
    );
  });

  afterEach(() => cluster.close());

  const appendAgain = async (): Promise<void> => {
    await until(() => requests.length > 0);
    const { topic, partition, value, headers } = requests[0]!;
    await raw.produce([{ topic, partition, value, headers: headers as Record<string, Buffer> }], {
      acks: -1,
    });
  };

  it('runs once while the first is in hand, and one answer serves both', async () => {
    const call = client.call('sum.slow', 'a');
    await until(() => runs.length === 1);
    await appendAgain();
    await until(() => server.counters.recordsRedelivered === 1);
    answer.resolve('done');
    expect((await call).value).toBe('done');
    expect(runs).toEqual(['a']);
  });

  it('keeps both its records uncommitted until that answer', async () => {
    const call = client.call('sum.slow', 'a');
    await until(() => runs.length === 1);
    await appendAgain();
    await until(() => server.counters.recordsRedelivered === 1);
    cluster.driver.killMember('rpc.sum', 0);
    await until(() => server.counters.recordsRedelivered === 3);
    answer.resolve('done');
    expect((await call).value).toBe('done');
  });

  it('runs once as an event, too', async () => {
    client.emit('sum.done', 'e');
    await until(() => runs.length === 1);
    await appendAgain();
    await until(() => server.counters.recordsRedelivered === 1);
    answer.resolve('');
    await until(() => server.callsInHand === 0);
    await turns();
    expect(runs).toEqual(['e']);
  });

  it('runs once when the first is over, and is answered once', async () => {
    expect((await client.call('sum.add', 'a')).value).toBe('a');
    await appendAgain();
    await until(() => server.counters.callsRepeated === 1);
    expect(runs).toEqual(['a']);
    expect(client.counters).toMatchObject({ duplicateAnswers: 0, lateReplies: 0 });
  });

  it('runs once as an event whose first delivery is over', async () => {
    answer.resolve('');
    client.emit('sum.done', 'e');
    await until(() => runs.length === 1 && server.callsInHand === 0);
    await appendAgain();
    await until(() => server.counters.callsRepeated === 1);
    expect(runs).toEqual(['e']);
  });

  it('is told from a call of another client with the same number', async () => {
    await client.call('sum.add', 'a');
    await cluster.client().call('sum.add', 'b');
    expect(runs).toEqual(['a', 'b']);
    expect(server.counters.callsRepeated).toBe(0);
  });

  it('runs once each though 1,000 are appended twice, and each caller has its answer', async () => {
    const calls = Array.from({ length: 1_000 }, (_, i) => client.call('sum.add', i));
    const answers = await Promise.all(calls);
    await until(() => requests.length > 0);
    for (const { topic, partition, value, headers } of [...requests])
      await raw.produce([{ topic, partition, value, headers: headers as Record<string, Buffer> }], {
        acks: -1,
      });
    await until(() => server.counters.callsRepeated === 1_000);
    expect(answers.map(({ value }) => value)).toEqual(calls.map((_, i) => i));
    expect(runs).toHaveLength(1_000);
    expect(new Set(runs).size).toBe(1_000);
  });
});

describe('a server that remembers no calls', () => {
  it('runs one that stands twice in the log a second time', async () => {
    let runs = 0;
    @Controller()
    class CountController {
      @MessagePattern('count')
      count(): number {
        return ++runs;
      }
    }
    const cluster = new RpcCluster();
    await cluster.serve({ controllers: [CountController] }, { partitions: 1, duplicateWindow: { ttlMs: 0 } });
    const raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    await cluster.client().call('count', '');
    await raw.readPartition({ topic: 'rpc.sum.requests', partition: 0, from: 0n }, ([record]) => {
      const { topic, partition, value, headers } = record!;
      if (runs < 2) void raw.produce([{ topic, partition, value, headers } as ProducerRecord], { acks: -1 });
    });
    await until(() => runs === 2);
    await cluster.close();
  });
});
