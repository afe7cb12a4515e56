import { ValidationPipe, type INestMicroservice, type LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcServer, RpcError, RpcStatus, type KafkaDriver } from 'nestjs-kafka-rpc';
import { SumModule } from './sum.module.js';

const LOG_LEVELS: LogLevel[] = ['warn', 'error', 'fatal'];

/** The service, ready to listen. */
export const createService = async (driver: KafkaDriver): Promise<INestMicroservice> => {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(SumModule, {
    strategy: new KafkaRpcServer({ service: 'sum', driver }),
    logger: LOG_LEVELS,
  });
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      exceptionFactory: (errors) =>
        new RpcError(RpcStatus.INVALID_ARGUMENT, errors.map(String).join(' '), {
          details: errors.map(({ property, constraints }) => ({ property, constraints })),
        }),
    }),
  );
  app.enableShutdownHooks();
  return app;
};
