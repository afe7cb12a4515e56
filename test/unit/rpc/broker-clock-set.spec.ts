import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { SkewedDriver } from '../../support/skewed-driver.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

const TTL_MS = 2_000;

describe('a broker’s clock that is set', () => {
  let skewMs = 0;
  let cluster: RpcCluster;

  beforeEach(() => {
    skewMs = 0;
    cluster = new RpcCluster({ now: () => Date.now() + skewMs });
  });

  afterEach(() => cluster.close());

  it.each([
    ['back', -5_000],
    ['back by minutes', -300_000],
    ['forward', 5_000],
  ])('%s: an idle server loses no call', async (_way, stepMs) => {
    const { server } = await cluster.serve({ controllers: [SumController] });
    const client = cluster.client({ timeoutMs: TTL_MS });
    expect((await client.call('sum.add', {})).value).toBe(3);
    skewMs = stepMs;
    for (let call = 0; call < 3; call++) expect((await client.call('sum.add', {})).value).toBe(3);
    expect((await cluster.client({ timeoutMs: TTL_MS }).call('sum.add', {})).value).toBe(3);
    expect(server.counters.callsExpired).toBe(0);
  });

  it('back, again and again: an idle server loses no call', async () => {
    const { server } = await cluster.serve({ controllers: [SumController] });
    const client = cluster.client({ timeoutMs: TTL_MS });
    for (let step = 0; step < 3; step++) {
      expect((await client.call('sum.add', {})).value).toBe(3);
      skewMs -= 5_000;
      // A broker is asked ten times a second at most.
      await sleep(150);
    }
    expect((await client.call('sum.add', {})).value).toBe(3);
    expect(server.counters.callsExpired).toBe(0);
  });
});

describe('a broker whose clock is behind by more than the time to live', () => {
  let cluster: RpcCluster;

  afterEach(() => cluster.close());

  it('and that leads partitions of requests and replies: no call is lost', async () => {
    cluster = new RpcCluster();
    const driver = new SkewedDriver(cluster.driver, {
      leaderOf: ({ partition }) => partition % 2,
      skewMs: ({ partition }) => (partition % 2) * -10_000,
    });
    const { server } = await cluster.serve({ controllers: [SumController] }, { driver });
    const client = cluster.client({ timeoutMs: TTL_MS, driver });
    const calls = Array.from({ length: 24 }, (_, i) => client.call('sum.add', {}, { key: `k${i}` }));
    for (const { value } of await Promise.all(calls)) expect(value).toBe(3);
    expect(server.counters.callsExpired).toBe(0);
  });

  it('and that leads partitions of requests only: the calls that follow one that was lost are run', async () => {
    cluster = new RpcCluster();
    const driver = new SkewedDriver(cluster.driver, {
      leaderOf: ({ topic }) => (topic === 'rpc.replies' ? 0 : 1),
      skewMs: ({ topic }) => (topic === 'rpc.replies' ? 0 : -10_000),
    });
    const { server } = await cluster.serve({ controllers: [SumController] }, { driver, partitions: 1 });
    const client = cluster.client({ timeoutMs: TTL_MS, driver, partitions: 1 });
    await expect(client.call('sum.add', {}, { timeoutMs: 300 })).rejects.toThrow('no answer');
    for (let call = 0; call < 5; call++) expect((await client.call('sum.add', {})).value).toBe(3);
    expect(server.counters.callsExpired).toBe(1);
  });

  it('still has calls that expired while no server was there not run', async () => {
    cluster = new RpcCluster();
    const driver = new SkewedDriver(cluster.driver, {
      leaderOf: ({ partition }) => partition % 2,
      skewMs: ({ partition }) => (partition % 2) * -10_000,
    });
    const client = cluster.client({ timeoutMs: 50, driver });
    const calls = Array.from({ length: 16 }, (_, i) => client.call('sum.add', {}, { key: `k${i}` }));
    await Promise.allSettled(calls);
    const { server } = await cluster.serve({ controllers: [SumController] }, { driver });
    expect((await client.call('sum.add', {}, { timeoutMs: TTL_MS })).value).toBe(3);
    await sleep(200);
    expect(server.counters).toMatchObject({ callsExpired: 16, callsStarted: 1 });
  });
});
