import { Controller, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcContext, KafkaRpcServer, RpcError } from 'nestjs-kafka-rpc';
import { moduleOf, RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() data: number): number {
    return data + 1;
  }
}

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.switchToRpc().getContext<KafkaRpcContext>().getHeaders()['token'] === 'good') return true;
    throw new RpcError('UNAUTHENTICATED', 'Send a token.');
  }
}

describe('a hybrid app', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  const startHybrid = async (inheritAppConfig: boolean): Promise<void> => {
    const app = await NestFactory.create(moduleOf({ controllers: [SumController] }), { logger: false });
    app.useGlobalGuards(new TokenGuard());
    const strategy = new KafkaRpcServer({ service: 'sum', driver: cluster.driver });
    app.connectMicroservice<MicroserviceOptions>({ strategy }, { inheritAppConfig });
    await app.startAllMicroservices();
    await app.init();
    cluster.onClose(() => app.close());
  };

  it('serves calls', async () => {
    await startHybrid(false);
    expect((await cluster.client().call('sum.add', 1)).value).toBe(2);
  });

  it('with inheritAppConfig applies its global guards to calls', async () => {
    await startHybrid(true);
    const client = cluster.client();
    await expect(client.call('sum.add', 1)).rejects.toMatchObject({ status: 'UNAUTHENTICATED' });
    expect((await client.call('sum.add', 1, { headers: { token: 'good' } })).value).toBe(2);
  });
});
