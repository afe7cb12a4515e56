import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type { ConsumerRecord, DriverConnection, KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
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
});
