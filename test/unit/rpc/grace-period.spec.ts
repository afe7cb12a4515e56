import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { NEVER, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('a call that still runs when the grace period of its server is over', () => {
  const started: unknown[] = [];
  let cluster: RpcCluster;

  @Controller()
  class HangingController {
    @MessagePattern('sum.promise')
    promise(@Payload() data: unknown): Promise<never> {
      started.push(data);
      return new Promise(() => undefined);
    }

    @MessagePattern('sum.stream')
    stream(@Payload() data: unknown): Observable<never> {
      started.push(data);
      return NEVER;
    }
  }

  @Controller()
  class QuickController {
    @MessagePattern(['sum.promise', 'sum.stream'])
    quick(): string {
      return 'by another';
    }
  }

  beforeEach(() => {
    started.splice(0);
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it.each(['sum.promise', 'sum.stream'])('is not lost: another server runs it (%s)', async (pattern) => {
    const { app } = await cluster.serve({ controllers: [HangingController] }, { gracePeriodMs: 20 });
    const call = cluster.client({ timeoutMs: 2_000 }).call(pattern, {});
    await until(() => started.length === 1);
    await app.close();
    await cluster.serve({ controllers: [QuickController] });
    expect((await call).value).toBe('by another');
  });
});
