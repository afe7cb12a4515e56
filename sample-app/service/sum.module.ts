import { Module, type DynamicModule } from '@nestjs/common';
import { KafkaRpcServer } from 'nestjs-kafka-rpc';
import { SumController } from './sum.controller.js';

@Module({ controllers: [SumController] })
export class SumModule {
  /** Lets handlers know which server they run on, so that their answers can tell. */
  static servedBy(server: KafkaRpcServer): DynamicModule {
    return { module: SumModule, providers: [{ provide: KafkaRpcServer, useValue: server }] };
  }
}
