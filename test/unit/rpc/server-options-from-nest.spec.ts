import { Controller, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, type AsyncMicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcServer } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Injectable()
class Settings {
  readonly service = 'from-settings';
}

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

@Module({ controllers: [SumController], providers: [Settings] })
class SumModule {}

describe('AsyncMicroserviceOptions', () => {
  it('make the strategy with what they inject', async () => {
    const cluster = new RpcCluster();
    const { driver } = cluster;
    const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(SumModule, {
      logger: false,
      inject: [Settings],
      useFactory: ({ service }: Settings) => ({ strategy: new KafkaRpcServer({ service, driver }) }),
    });
    cluster.onClose(() => app.close());
    await app.listen();
    expect((await cluster.client({ service: 'from-settings' }).call('sum.add', {})).value).toBe(3);
    await cluster.close();
  });
});
