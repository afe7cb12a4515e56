import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcServer } from 'nestjs-kafka-rpc';
import { serviceOptions, type FleetSettings } from '../fleet/settings.js';
import { add, type Sum, type Terms } from '../measure/load.js';
import { answerQuestions } from '../process/program.js';
import type { LegsServerCommands, Passage } from './commands.js';
import { markedDriver } from './marked-driver.js';
import { Moments } from './moments.js';

const moments = new Moments();
let passages: Passage[] = [];
/** Of the call whose answer has not left yet. */
let nonceInHand: number | undefined;
let app: INestMicroservice | undefined;

@Controller()
class LegsController {
  @MessagePattern('sum')
  sum(@Payload() terms: Terms): Sum {
    moments.mark('handled');
    nonceInHand = terms.nonce;
    return add(terms);
  }
}

@Module({ controllers: [LegsController] })
class LegsModule {}

function onWritten(): void {
  if (nonceInHand === undefined) return;
  passages.push({ nonce: nonceInHand, moments: moments.taken() });
  nonceInHand = undefined;
}

async function start(settings: FleetSettings): Promise<void> {
  const driver = markedDriver(settings.brokers, moments, onWritten);
  app = await NestFactory.createMicroservice<MicroserviceOptions>(LegsModule, {
    strategy: new KafkaRpcServer({ ...serviceOptions(settings), driver }),
    logger: ['error', 'fatal'],
  });
  await app.listen();
}

const commands: LegsServerCommands = {
  start,
  passages: async () => {
    const taken = passages;
    passages = [];
    return taken;
  },
};
answerQuestions(commands, async () => app?.close());
