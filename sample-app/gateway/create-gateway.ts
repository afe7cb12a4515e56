import type { INestApplication, LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { KafkaDriver } from 'nestjs-kafka-rpc';
import { GatewayModule } from './gateway.module.js';
import { RpcErrorFilter } from './rpc-error.filter.js';

const LOG_LEVELS: LogLevel[] = ['warn', 'error', 'fatal'];

/** The HTTP gateway, ready to listen. */
export const createGateway = async (driver: () => KafkaDriver): Promise<INestApplication> => {
  const app = await NestFactory.create(GatewayModule.with(driver), { logger: LOG_LEVELS });
  app.useGlobalFilters(new RpcErrorFilter());
  app.enableShutdownHooks();
  return app;
};
