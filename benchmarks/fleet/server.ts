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
let apps: readonly INestMicroservice[] = [];

async function start(settings: FleetSettings & { readonly servers: number }): Promise<void> {
  const { openCalls, servers } = settings;
  const limits = openCalls === undefined ? {} : { concurrency: openCalls, maxQueued: openCalls };
  const create = (): Promise<INestMicroservice> =>
    NestFactory.createMicroservice<MicroserviceOptions>(FleetModule, {
      strategy: new KafkaRpcServer({ ...wireOptions(settings, sockets), ...limits }),
      logger: ['error', 'fatal'],
    });
  apps = await Promise.all(Array.from({ length: servers }, create));
  await Promise.all(apps.map((app) => app.listen()));
}

const controllers = (): readonly FleetController[] => apps.map((app) => app.get(FleetController));

const sumOf = (count: (controller: FleetController) => number): number =>
  controllers().reduce((sum, controller) => sum + count(controller), 0);

const commands: FleetServerCommands = {
  start,
  handledEvents: async () => sumOf((controller) => controller.handledEvents),
  heldCalls: async () => sumOf((controller) => controller.heldCalls),
  release: async () => controllers().forEach((controller) => controller.release()),
  requests: async () => sockets.counted(),
  cpuSeconds: async () => ownCpuSeconds(),
  memory: async () => ownMemory(),
};
answerQuestions(commands, async () => {
  await Promise.all(apps.map((app) => app.close()));
});
