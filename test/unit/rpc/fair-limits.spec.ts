import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { describeFairLimits } from '../../support/fair-limits.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

describe('limits and turns of handlers', () => {
  describeFairLimits(() => new RpcCluster());

  it.each([
    ['concurrency', { concurrency: 0 }],
    ['priority', { priority: 0 }],
    ['timeoutMs', { timeoutMs: '5s' }],
    ['rateLimit', { rateLimit: 5 }],
    ['rateLimit.perSecond', { rateLimit: {} }],
    ['rateLimit.burst', { rateLimit: { perSecond: 1, burst: 0 } }],
  ])('refuse to start with a wrong %s, naming handler and option', async (name, extras) => {
    const cluster = new RpcCluster();
    @Controller()
    class WrongController {
      @MessagePattern('report', extras)
      report(): void {
        // Never run.
      }
    }
    await expect(cluster.serve({ controllers: [WrongController] })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`Option "@MessagePattern('report') ${name}"`) as string,
    });
    await cluster.close();
  });

  it.each([{ timeoutMs: 50 }, { rateLimit: { perSecond: 1 } }])(
    'refuse for events what only a caller could hear of: %p',
    async (extras) => {
      const cluster = new RpcCluster();
      @Controller()
      class WrongController {
        @EventPattern('told', extras)
        told(@Payload() data: unknown): unknown {
          return data;
        }
      }
      await expect(cluster.serve({ controllers: [WrongController] })).rejects.toMatchObject({
        message: expect.stringContaining('left out for events') as string,
      });
      await cluster.close();
    },
  );

  it('refuse a fairness that is none', async () => {
    const cluster = new RpcCluster();
    await expect(cluster.serve({}, { fairness: 'all' as 'none' })).rejects.toMatchObject({
      message: `Option "fairness" is "all", it must be 'caller', 'key' or 'none'.`,
    });
    await cluster.close();
  });
});
