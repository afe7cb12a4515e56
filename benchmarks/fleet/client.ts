import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule } from '@nestjs/microservices';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { firstValueFrom } from 'rxjs';
import { ownCpuSeconds } from '../measure/cpu.js';
import { runLoad } from '../measure/load-loop.js';
import { runOpenLoad } from '../measure/open-loop.js';
import { answerQuestions } from '../process/program.js';
import type { FleetClientCommands } from './commands.js';
import { CountedSockets } from './counted-sockets.js';
import { HeldCalls } from './held-calls.js';
import { ownMemory } from './memory.js';
import { operationOf } from './operations.js';
import { wireOptions, type FleetSettings } from './settings.js';

const sockets = new CountedSockets();
let app: INestApplicationContext | undefined;
let clients: readonly KafkaRpcClient[] = [];
let held: HeldCalls | undefined;

async function start(settings: FleetSettings & { readonly clients: number }): Promise<void> {
  const { openCalls, timeoutMs } = settings;
  const limits = {
    ...(openCalls !== undefined && { maxOpenCalls: openCalls, timeoutMs: 600_000 }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
  const names = Array.from({ length: settings.clients }, (_, at) => `CLIENT_${at}`);
  const module = ClientsModule.register(
    // Options of its own for each: clients that share a driver object may share connections.
    names.map((name) => ({
      name,
      customClass: KafkaRpcClient,
      options: { ...wireOptions(settings, sockets), ...limits },
    })),
  );
  app = await NestFactory.createApplicationContext(module, { logger: ['error', 'fatal'] });
  clients = names.map((name) => app!.get<KafkaRpcClient>(name));
  for (const client of clients) await firstValueFrom(client.send('sum', { a: 1, b: 2, nonce: 0 }));
}

const commands: FleetClientCommands = {
  start,
  run: ({ work, load }) => runLoad(operationOf(work, clients), load),
  runOpen: ({ work, load }) => runOpenLoad(operationOf(work, clients), load),
  hold: async (calls) => {
    held = new HeldCalls(clients[0]!, calls);
  },
  released: async () => {
    await held?.answered;
    held = undefined;
  },
  requests: async () => sockets.counted(),
  cpuSeconds: async () => ownCpuSeconds(),
  memory: async () => ownMemory(),
};

answerQuestions(commands, async () => {
  await Promise.all(clients.map((client) => client.close()));
  await app?.close();
});
