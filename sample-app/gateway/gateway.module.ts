import { Module, type DynamicModule } from '@nestjs/common';
import { KafkaRpcModule } from 'nestjs-kafka-rpc';
import type { Settings } from '../settings.js';
import { HealthController } from './health.controller.js';
import { SUM } from './sum.client.js';
import { SumController } from './sum.controller.js';

@Module({ controllers: [SumController, HealthController] })
export class GatewayModule {
  static over({ driver, service }: Settings): DynamicModule {
    const clients = KafkaRpcModule.registerAsync({
      clients: [{ name: SUM, service, timeoutMs: 5_000 }],
      // A larger app injects its ConfigService here, or awaits a secret.
      useFactory: async () => ({ driver }),
    });
    return { module: GatewayModule, imports: [clients] };
  }
}
