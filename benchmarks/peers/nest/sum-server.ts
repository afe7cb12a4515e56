import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { add, type Sum, type Terms } from '../../measure/load.js';
import type { ServerAddress } from '../program-commands.js';
import type { SumServer } from '../server-program.js';

/** A Nest microservice with one handler, over whatever transport the options name. */
export async function startNestServer(
  options: MicroserviceOptions,
  pattern: string,
  address: ServerAddress = {},
): Promise<SumServer> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(sumModule(pattern), {
    ...options,
    logger: ['error', 'fatal'],
  });
  await app.listen();
  return { address, close: () => app.close() };
}

/** Nest's Kafka transport takes the pattern as the topic's name, so the pattern differs from run to run. */
function sumModule(pattern: string): Type {
  @Controller()
  class SumController {
    @MessagePattern(pattern)
    add(@Payload() terms: Terms): Sum {
      return add(terms);
    }
  }

  @Module({ controllers: [SumController] })
  class SumModule {}
  return SumModule;
}
