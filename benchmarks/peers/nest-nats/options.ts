import { Transport, type NatsOptions } from '@nestjs/microservices';
import { giveToNest } from '../nest/foreign-client.js';

export const PATTERN = 'sum.add';

/** The address, from the arguments of the program; all else is as it comes. */
export function natsOptions([folder = '.', port = '']: readonly string[]) {
  giveToNest(folder, '@nats-io/transport-node');
  return {
    transport: Transport.NATS,
    options: { servers: [`nats://127.0.0.1:${port}`] },
  } satisfies NatsOptions;
}
