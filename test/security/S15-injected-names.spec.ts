import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { KafkaRpcClient, KafkaRpcServer, type KafkaDriver } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { RpcCluster } from '../support/rpc-cluster.js';

const HOSTILE = ['../x', 'a/b', 'a\0b', '', 'x'.repeat(250), 'emoji😀', 'a b', 'a\nb', 'ä', '*'];

describe('S15, names that are injected', () => {
  const driver = memoryDriver();

  it.each(HOSTILE)('refuses service %j when it is made, on both sides', (service) => {
    for (const make of [
      () => new KafkaRpcServer({ service, driver }),
      () => new KafkaRpcClient({ service, driver }),
    ]) {
      expect(make).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
    }
  });

  it('tells services apart whose topics Kafka would take for one, or refuses them', () => {
    expect(() => new KafkaRpcServer({ service: ['a.b', 'a.b'], driver })).toThrow('service');
  });

  it('makes no topic of what stands in a call: patterns, keys and headers are data', async () => {
    @Controller()
    class SumController {
      @MessagePattern('sum.add')
      add(): number {
        return 3;
      }
    }
    const ensured: string[] = [];
    const cluster = new RpcCluster();
    const spying: KafkaDriver = {
      name: 'spying',
      connect: async (options) => {
        const connection = await cluster.driver.connect(options);
        const ensureTopics = connection.ensureTopics.bind(connection);
        const produce = connection.produce.bind(connection);
        connection.ensureTopics = (specs, how) => {
          ensured.push(...specs.map(({ topic }) => topic));
          return ensureTopics(specs, how);
        };
        connection.produce = (records, how) => {
          ensured.push(...records.map(({ topic }) => topic));
          return produce(records, how);
        };
        return connection;
      },
    };
    await cluster.serve({ controllers: [SumController] }, { driver: spying });
    const client = cluster.client({ driver: spying });
    for (const pattern of [
      ...HOSTILE.filter((name) => name !== ''),
      { cmd: '../orders' },
      '__consumer_offsets',
    ]) {
      const call = client.call(pattern, {}, { key: '../k', headers: { topic: 'orders' } });
      await expect(call).rejects.toMatchObject({ status: 'UNIMPLEMENTED' });
    }
    expect([...new Set(ensured)].sort()).toEqual(['rpc.replies', 'rpc.sum.control', 'rpc.sum.requests']);
    await cluster.close();
  });
});
