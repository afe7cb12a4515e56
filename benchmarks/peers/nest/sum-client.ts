import { NestFactory } from '@nestjs/core';
import { ClientsModule, type ClientProvider, type ClientProxy } from '@nestjs/microservices';
import { performance } from 'node:perf_hooks';
import { firstValueFrom } from 'rxjs';
import type { Sum, Terms } from '../../measure/load.js';
import type { SumClient } from '../client-program.js';

/** What is asked of a client; the typings of Nest's clients differ in their events. */
type CallingClient = Pick<ClientProxy, 'send' | 'connect' | 'close'>;

/** A client as a Nest app has it: registered by `ClientsModule`, injected, called by `send()`. */
export async function connectNestClient<C extends CallingClient = CallingClient>(
  options: ClientProvider,
  pattern: string,
  beforeConnect: (client: C) => void = () => undefined,
): Promise<SumClient> {
  const module = ClientsModule.register([{ name: 'SUM', ...options }]);
  const app = await NestFactory.createApplicationContext(module, { logger: ['error', 'fatal'] });
  const client = app.get<C>('SUM');
  beforeConnect(client);
  const connectedSinceMs = performance.now();
  await client.connect();
  return {
    connectedSinceMs,
    call: (terms) => firstValueFrom(client.send<Sum, Terms>(pattern, terms)),
    close: async () => {
      await client.close();
      await app.close();
    },
  };
}
