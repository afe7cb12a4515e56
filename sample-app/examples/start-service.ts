import { Module, type INestMicroservice, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcServer, type KafkaRpcServerOptions } from 'nestjs-kafka-rpc';

/** A service with one controller, as `NestFactory.createMicroservice()` makes it: all that the examples do not show. */
export async function startService(
  controller: Type,
  options: KafkaRpcServerOptions,
): Promise<INestMicroservice> {
  @Module({ controllers: [controller] })
  class ExampleModule {}

  const app = await NestFactory.createMicroservice<MicroserviceOptions>(ExampleModule, {
    strategy: new KafkaRpcServer(options),
    logger: false,
  });
  await app.listen();
  return app;
}
