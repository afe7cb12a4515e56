import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { describeBatchedCalls } from '../../support/batched-calls.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

describe('calls of a handler that gets batches', () => {
  describeBatchedCalls(() => new RpcCluster());

  it.each([
    ['', { batch: 5 }],
    ['.max', { batch: { max: 0 } }],
    ['.waitMs', { batch: { waitMs: -1 } }],
  ])('refuse to start with a wrong option: batch%s', async (name, extras) => {
    const cluster = new RpcCluster();
    @Controller()
    class WrongController {
      @MessagePattern('price', extras)
      price(): number[] {
        return [];
      }
    }
    await expect(cluster.serve({ controllers: [WrongController] })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`Option "@MessagePattern('price') batch${name}"`) as string,
    });
    await cluster.close();
  });

  it('refuse batches of events', async () => {
    const cluster = new RpcCluster();
    @Controller()
    class WrongController {
      @EventPattern('told', { batch: {} })
      told(@Payload() data: unknown): unknown {
        return data;
      }
    }
    await expect(cluster.serve({ controllers: [WrongController] })).rejects.toMatchObject({
      message: expect.stringContaining('left out for events') as string,
    });
    await cluster.close();
  });
});
