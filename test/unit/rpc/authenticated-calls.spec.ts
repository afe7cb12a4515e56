import { randomBytes } from 'node:crypto';
import { Controller, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { encryption, KafkaRpcModule, keyring, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { deferred } from '../../support/deferred.js';
import { RpcCluster, type RunningApp } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const MINUTE_MS = 60_000;
const keys = keyring({ current: 'k1', keys: { k1: randomBytes(32) } });
const sealed = () => [encryption({ keyring: keys })];

describe('calls that are authenticated are never taken for repeated ones', () => {
  let runs: unknown[] = [];
  let gate = deferred();
  let skewMs = 0;
  let cluster: RpcCluster;

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    add(@Payload() data: unknown): unknown {
      runs.push(data);
      return data;
    }

    @MessagePattern('sum.slow')
    async slow(@Payload() data: unknown): Promise<unknown> {
      runs.push(data);
      await gate.promise;
      return data;
    }
  }

  const serve = (concurrency = 128): Promise<RunningApp> =>
    cluster.serve({ controllers: [SumController] }, { interceptors: sealed(), partitions: 1, concurrency });

  beforeEach(() => {
    runs = [];
    gate = deferred();
    skewMs = 0;
    cluster = new RpcCluster({ now: () => Date.now() + skewMs });
  });

  afterEach(() => cluster.close());

  it.each([
    ['behind', -5 * MINUTE_MS],
    ['ahead of', 5 * MINUTE_MS],
  ])('when the broker’s clock is minutes %s everybody’s', async (_where, ms) => {
    skewMs = ms;
    const { server } = await serve();
    const client = cluster.client({ interceptors: sealed(), timeoutMs: 1_000 });
    expect((await client.call('sum.add', 'first')).value).toBe('first');
    expect(server.counters).toMatchObject({ callsStale: 0, callsReplayed: 0, callsExpired: 0 });
  });

  it('when they waited minutes for a server', async () => {
    const client = cluster.client({ interceptors: sealed(), timeoutMs: 10 * MINUTE_MS, partitions: 1 });
    const call = client.call('sum.add', 'patient');
    await turns();
    skewMs = 5 * MINUTE_MS;
    const { server } = await serve();
    expect((await call).value).toBe('patient');
    expect(server.counters).toMatchObject({ callsStale: 0, callsReplayed: 0 });
  });

  it('when they waited longer than anybody waits for them: they are expired, not stale', async () => {
    const client = cluster.client({ interceptors: sealed(), partitions: 1 });
    const call = client.call('sum.add', 'late', { timeoutMs: 300 });
    await expect(call).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    skewMs = 5 * MINUTE_MS;
    const { server } = await serve();
    await until(() => server.counters.callsExpired === 1);
    expect(server.counters).toMatchObject({ callsStale: 0, callsReplayed: 0 });
  });

  it('when their partition leaves the server that has not started them, and comes back', async () => {
    const { server } = await serve(1);
    const client = cluster.client({ interceptors: sealed() });
    const names = Array.from({ length: 20 }, (_, i) => `call ${i}`);
    const calls = names.map((name) => client.call('sum.slow', name));
    await until(() => server.callsInHand === 20);
    cluster.driver.killMember('rpc.sum', 0);
    await until(() => server.counters.recordsRedelivered > 0);
    gate.resolve();
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(names);
    expect(runs.sort()).toEqual([...names].sort());
    expect(server.counters.callsReplayed).toBe(0);
  });

  it('when their partition comes back to the server that has run them, before that was committed', async () => {
    const { server } = await serve(1);
    const client = cluster.client({ interceptors: sealed() });
    const quick = client.call('sum.add', 'quick');
    const slow = client.call('sum.slow', 'slow');
    await until(() => runs.length === 2);
    await quick;
    cluster.driver.killMember('rpc.sum', 0);
    await until(() => server.counters.recordsRedelivered >= 2);
    gate.resolve();
    expect((await slow).value).toBe('slow');
    expect(runs).toEqual(['quick', 'slow']);
    expect(server.counters.callsReplayed).toBe(0);
  });

  it('when several clients of one connection send them to one partition', async () => {
    const { server } = await serve();
    @Module({
      imports: [
        KafkaRpcModule.register({
          driver: cluster.driver,
          interceptors: sealed(),
          topics: { requests: () => 'rpc.sum.requests' },
          clients: ['A', 'B', 'C'].map((name) => ({ name, service: name === 'C' ? 'other' : 'sum' })),
        }),
      ],
    })
    class CallerModule {}
    const module = await Test.createTestingModule({ imports: [CallerModule] }).compile();
    const clients = ['A', 'B', 'C'].map((name) => module.get<KafkaRpcClient>(name));
    await Promise.all(clients.map((client) => client.connect()));
    const payload = 'x'.repeat(20_000);
    const calls = Array.from({ length: 300 }, (_, i) => clients[i % 3]!.call('sum.add', `${i} ${payload}`));
    await Promise.all(calls);
    expect(server.counters).toMatchObject({ callsReplayed: 0, callsStarted: 300 });
    await module.close();
  });
});
