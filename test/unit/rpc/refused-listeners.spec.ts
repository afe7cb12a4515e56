import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() data: number): number {
    return data;
  }
}

describe('a listener of "refused" that throws', () => {
  it('loses no call that was read together with the garbage', async () => {
    const cluster = new RpcCluster();
    const { server } = await cluster.serve({ controllers: [SumController] }, { partitions: 1 });
    server.on('refused', () => {
      throw new Error('a bug of the listener');
    });
    const client = cluster.client({ timeoutMs: 1_000 });
    await client.connect();
    const raw = await connectRaw(cluster.driver);
    const garbage = { topic: 'rpc.sum.requests', partition: 0, value: null };
    const calls = client.call('sum.add', 1);
    // The call leaves in the turn of the event loop in which the garbage is appended before it.
    await raw.produce([garbage], { acks: -1 });
    expect((await calls).value).toBe(1);
    expect((await client.call('sum.add', 2)).value).toBe(2);
    await raw.close();
    await cluster.close();
  });
});
