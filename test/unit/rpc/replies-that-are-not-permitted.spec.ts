import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, RpcStatus } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('replies that the broker does not permit a server to write', () => {
  let cluster: RpcCluster;
  let runs: unknown[];

  @Controller()
  class SumController {
    @MessagePattern('add')
    add(@Payload() data: unknown): unknown {
      runs.push(data);
      return data;
    }
  }

  const deny = (status: RpcStatus): void =>
    cluster.driver.playProduce(({ topic }) =>
      topic === 'rpc.replies' ? { refusal: new RpcError(status, 'not permitted') } : undefined,
    );

  beforeEach(() => {
    cluster = new RpcCluster();
    runs = [];
  });
  afterEach(() => cluster.close());

  it.each([RpcStatus.PERMISSION_DENIED, RpcStatus.UNAUTHENTICATED])(
    'are held, and reach their callers once it does (%s): no handler runs again',
    async (status) => {
      const { server } = await cluster.serve({ controllers: [SumController] }, { partitions: 1 });
      const client = cluster.client({ partitions: 1 });
      await client.call('add', 'before');
      deny(status);
      const answers = [1, 2, 3].map((data) => client.call('add', data));
      await until(() => server.counters.repliesHeld >= 3);
      cluster.driver.playProduce();
      expect((await Promise.all(answers)).map(({ value }) => value)).toEqual([1, 2, 3]);
      expect(runs).toEqual(['before', 1, 2, 3]);
    },
  );

  it('leave their calls uncommitted: another server runs them when this one dies', async () => {
    const { server } = await cluster.serve({ controllers: [SumController] }, { partitions: 1 });
    const client = cluster.client({ partitions: 1 });
    deny(RpcStatus.PERMISSION_DENIED);
    const answer = client.call('add', 1);
    await until(() => server.counters.repliesHeld > 0);
    await server.close();
    cluster.driver.playProduce();
    await cluster.serve({ controllers: [SumController] }, { partitions: 1 });
    expect((await answer).value).toBe(1);
    expect(runs).toEqual([1, 1]);
  });

  it('are given up at the deadline of their call', async () => {
    const { server } = await cluster.serve({ controllers: [SumController] }, { partitions: 1 });
    const client = cluster.client({ partitions: 1, timeoutMs: 300 });
    await client.connect();
    deny(RpcStatus.PERMISSION_DENIED);
    await expect(client.call('add', 1)).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    await until(() => server.callsInHand === 0);
    cluster.driver.playProduce();
    expect((await client.call('add', 2)).value).toBe(2);
    expect(runs).toEqual([1, 2]);
  });
});
