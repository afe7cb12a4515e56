import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcRecordBuilder, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { firstValueFrom } from 'rxjs';
import { deferred, type Deferred } from '../../support/deferred.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const HOT = 2_000;
const MAX_QUEUED = 100;

describe('a key with very many calls', () => {
  let cluster: RpcCluster;
  let gate: Deferred<void>;
  let order: number[];

  @Controller()
  class SumController {
    @MessagePattern('hot')
    async hot(@Payload() number: number): Promise<number> {
      order.push(number);
      await gate.promise;
      return number;
    }

    @MessagePattern('other')
    other(@Payload() number: number): number {
      return number;
    }
  }

  beforeEach(() => {
    cluster = new RpcCluster();
    gate = deferred();
    order = [];
  });

  afterEach(async () => {
    gate.resolve();
    await cluster.close();
  });

  const callHot = (client: KafkaRpcClient, count: number): Promise<number>[] =>
    Array.from({ length: count }, (_, number) => {
      const record = new KafkaRpcRecordBuilder(number).setKey('hot').setTimeout(60_000).build();
      return firstValueFrom(client.send<number>('hot', record));
    });

  const callOthers = async (client: KafkaRpcClient): Promise<number[]> => {
    const calls = Array.from({ length: 8 }, (_, number) => client.call<number>('other', number));
    return (await Promise.all(calls)).map(({ value }) => value);
  };

  it.each([[1], [8]])(
    'keeps nobody else waiting, on %i partitions, and keeps its order',
    async (partitions) => {
      const { server } = await cluster.serve(
        { controllers: [SumController] },
        { partitions, maxQueued: MAX_QUEUED, concurrency: 128 },
      );
      const client = cluster.client({ partitions });
      const hot = callHot(client, HOT);
      await until(() => order.length === 1);

      expect(await callOthers(client)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(server.callsInHand).toBe(HOT);
      gate.resolve();
      const all = Array.from({ length: HOT }, (_, number) => number);
      expect(await Promise.all(hot)).toEqual(all);
      expect(order).toEqual(all);
      await until(() => server.callsInHand === 0);
    },
  );

  it('takes no more memory than requests may, and then stops its own partition only', async () => {
    const { server } = await cluster.serve(
      { controllers: [SumController] },
      { partitions: 8, maxQueued: MAX_QUEUED, maxQueuedRequestBytes: 200_000 },
    );
    const client = cluster.client({ partitions: 8, maxOpenCalls: 10_000 });
    for (let batch = 0; batch < 10; batch++) {
      void callHot(client, 200).map((call) => call.catch(() => undefined));
      await until(() => order.length === 1);
    }
    let answered = 0;
    const others = Array.from({ length: 40 }, (_, number) =>
      client
        .call<number>('other', number, { key: `k${number}`, timeoutMs: 60_000 })
        .then(() => (answered += 1)),
    );
    // Some of the 40 keys stand behind the hot one, in its partition.
    await until(() => answered >= 30);
    expect(server.callsInHand).toBeLessThan(600);
    gate.resolve();
    await Promise.all(others);
  });
});
