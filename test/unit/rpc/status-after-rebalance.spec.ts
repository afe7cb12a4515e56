import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns } from '../../support/until.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

describe('the status of a server', () => {
  it('is connected again once the rebalance of its group is over', async () => {
    const cluster = new RpcCluster();
    const { server } = await cluster.serve({ controllers: [SumController] });
    const states: string[] = [];
    server.status.subscribe((state) => states.push(state));
    await cluster.serve({ controllers: [SumController] });
    await turns();
    expect(states).toEqual(['connected', 'rebalancing', 'connected']);
    await cluster.close();
  });
});
