import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { ThreeServices } from '../../support/three-services.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

const MINUTE_MS = 60_000;

describe('clocks that are minutes apart', () => {
  let cluster: RpcCluster | undefined;

  afterEach(() => cluster?.close());

  it.each([
    ['behind', -5 * MINUTE_MS],
    ['ahead of', 5 * MINUTE_MS],
  ])('change nothing: the broker’s is %s the server’s', async (_where, skewMs) => {
    cluster = new RpcCluster({ now: () => Date.now() + skewMs });
    const { server } = await cluster.serve({ controllers: [SumController] });
    expect((await cluster.client({ timeoutMs: 1_000 }).call('sum.add', {})).value).toBe(3);
    expect(server.counters.callsExpired).toBe(0);
  });

  it.each([
    ['behind', -5 * MINUTE_MS],
    ['ahead of', 5 * MINUTE_MS],
  ])('start no expired call: the broker’s is %s the server’s', async (_where, skewMs) => {
    cluster = new RpcCluster({ now: () => Date.now() + skewMs });
    const client = cluster.client({ timeoutMs: 50 });
    await expect(client.call('sum.add', {})).rejects.toThrow('no answer');
    // The server's estimate of the broker's time is off by half of a slow acknowledgement, which is no part of this.
    await sleep(250);
    const { server } = await cluster.serve({ controllers: [SumController] });
    expect((await client.call('sum.add', {}, { timeoutMs: 1_000 })).value).toBe(3);
    expect(server.counters).toMatchObject({ callsExpired: 1, callsStarted: 1 });
  });

  it.each([
    ['behind', -5 * MINUTE_MS],
    ['ahead of', 5 * MINUTE_MS],
  ])('change nothing from hop to hop: the broker’s is %s that of three services', async (_where, skewMs) => {
    cluster = new RpcCluster({ now: () => Date.now() + skewMs });
    const services = new ThreeServices(cluster);
    services.does.back = (_data, context) => context.getDeadline()! - context.getTimestamp();
    await services.serve();
    const { value } = await services.front.call<number>('front', 0, { timeoutMs: 5_000 });
    expect(value).toBeLessThanOrEqual(4_960);
    expect(value).toBeGreaterThan(3_000);
  });
});
