import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaDriver } from 'nestjs-kafka-rpc';
import { deferred } from '../../support/deferred.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

const LARGE = 'x'.repeat(8_192);

describe('a call whose caller gave up while it waited for the broker', () => {
  it('is not run when the broker answers again', async () => {
    const runs: unknown[] = [];
    @Controller()
    class SumController {
      @MessagePattern('sum.add')
      add(@Payload() data: unknown): void {
        runs.push(data);
      }
    }
    const cluster = new RpcCluster();
    await cluster.serve({ controllers: [SumController] });
    const stall = deferred();
    let isStalled = false;
    const driver: KafkaDriver = {
      name: 'stalling',
      connect: async (options) => {
        const connection = await cluster.driver.connect(options);
        const produce = connection.produce.bind(connection);
        connection.produce = async (...given) => {
          if (isStalled) await stall.promise;
          return produce(...given);
        };
        return connection;
      },
    };
    const client = cluster.client({ driver, partitions: 1 });
    await client.call('sum.add', 'before');
    isStalled = true;
    // So much that what comes behind it waits in the client.
    const onItsWay = client.call('sum.add', LARGE, { timeoutMs: 2_000 });
    await new Promise((resolve) => setImmediate(resolve));
    const waiting = client.call('sum.add', 'waiting', { timeoutMs: 40 });
    await expect(waiting).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    stall.resolve();
    await onItsWay;
    await client.call('sum.add', 'after');
    expect(runs).toEqual(['before', LARGE, 'after']);
    await cluster.close();
  });
});
