import { Controller, Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcContext, KafkaRpcRecordBuilder, RpcError } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { token } = context.switchToRpc().getContext<KafkaRpcContext>().getHeaders();
    if (token === undefined) throw new RpcError('UNAUTHENTICATED', 'Send a token.');
    return token === 'good';
  }
}

describe('a guard', () => {
  let runs = 0;

  @Controller()
  @UseGuards(TokenGuard)
  class GuardedController {
    @MessagePattern('sum.add')
    add(): number {
      runs += 1;
      return 3;
    }

    @EventPattern('sum.done')
    done(@Payload() _data: unknown): void {
      runs += 1;
    }
  }

  const withToken = (token: string): object => new KafkaRpcRecordBuilder({}).setHeaders({ token }).build();
  let cluster: RpcCluster;

  beforeEach(async () => {
    runs = 0;
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it('lets a call through', async () => {
    await cluster.serve({ controllers: [GuardedController] });
    expect(await lastValueFrom(cluster.client().send('sum.add', withToken('good')))).toBe(3);
  });

  it('that refuses a call keeps it from its handler', async () => {
    await cluster.serve({ controllers: [GuardedController] });
    const call = lastValueFrom(cluster.client().send('sum.add', withToken('bad')));
    await expect(call).rejects.toMatchObject({ status: 'PERMISSION_DENIED', message: 'Forbidden resource' });
    expect(runs).toBe(0);
  });

  it('that throws an RpcError fails the call with it', async () => {
    await cluster.serve({ controllers: [GuardedController] });
    await expect(cluster.client().call('sum.add', {})).rejects.toMatchObject({ status: 'UNAUTHENTICATED' });
    expect(runs).toBe(0);
  });

  it('keeps an event from its handler, which counts as failed', async () => {
    const { server } = await cluster.serve({ controllers: [GuardedController] });
    cluster.client().emit('sum.done', withToken('bad'));
    await until(() => server.counters.eventsFailed === 1);
    expect(runs).toBe(0);
  });
});
