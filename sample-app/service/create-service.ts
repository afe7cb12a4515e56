import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcServer } from 'nestjs-kafka-rpc';
import type { Settings } from '../settings.js';
import { SumModule } from './sum.module.js';
import { validation } from './validation.js';

/** The service, ready to `listen()`. */
export async function createService(
  settings: Settings,
): Promise<{ app: INestMicroservice; server: KafkaRpcServer }> {
  const server = new KafkaRpcServer(settings);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(SumModule.servedBy(server), {
    strategy: server,
    logger: ['warn', 'error', 'fatal'],
  });
  app.useGlobalPipes(validation());
  return { app, server };
}
