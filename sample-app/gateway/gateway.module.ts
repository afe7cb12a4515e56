import { Module, type DynamicModule } from '@nestjs/common';
import { KafkaRpcModule, type KafkaDriver } from 'nestjs-kafka-rpc';
import { SumController } from './sum.controller.js';

@Module({})
export class GatewayModule {
  static with(driver: () => KafkaDriver): DynamicModule {
    const clients = KafkaRpcModule.registerAsync({
      clients: [{ name: 'SUM', service: 'sum', timeoutMs: 5_000 }],
      useFactory: () => ({ driver: driver() }),
    });
    return { module: GatewayModule, imports: [clients], controllers: [SumController] };
  }
}
