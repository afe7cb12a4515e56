import { Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcServer } from 'nestjs-kafka-rpc';
import { ownCpuSeconds } from '../measure/cpu.js';
import { answerQuestions } from '../process/program.js';
import type { FleetServerCommands } from './commands.js';
import { CountedSockets } from './counted-sockets.js';
import { FleetController } from './handlers.js';
import { ownMemory } from './memory.js';
import { wireOptions, type FleetSettings } from './settings.js';

@Module({ controllers: [FleetController] })
class FleetModule {}

const sockets = new CountedSockets();
let app: INestMicroservice | undefined;

async function start(settings: FleetSettings): Promise<void> {
  const { openCalls } = settings;
  const limits = openCalls === undefined ? {} : { concurrency: openCalls, maxQueued: openCalls };
  app = await NestFactory.createMicroservice<MicroserviceOptions>(FleetModule, {
    strategy: new KafkaRpcServer({ ...wireOptions(settings, sockets), ...limits }),
    logger: ['error', 'fatal'],
  });
  await app.listen();
}

function controller(): FleetController {
  if (app === undefined) throw new Error('The server was not started');
  return app.get(FleetController);
}

const commands: FleetServerCommands = {
  start,
  handledEvents: async () => controller().handledEvents,
  heldCalls: async () => controller().heldCalls,
  release: async () => controller().release(),
  requests: async () => sockets.counted(),
  cpuSeconds: async () => ownCpuSeconds(),
  memory: async () => ownMemory(),
};
answerQuestions(commands, async () => app?.close());
