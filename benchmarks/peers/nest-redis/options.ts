import { Transport, type RedisOptions } from '@nestjs/microservices';
import { giveToNest } from '../nest/foreign-client.js';

export const PATTERN = 'sum.add';

/** The address, from the arguments of the program; all else is as it comes. */
export function redisOptions([folder = '.', port = '']: readonly string[]) {
  giveToNest(folder, 'ioredis');
  return {
    transport: Transport.REDIS,
    options: { host: '127.0.0.1', port: Number(port) },
  } satisfies RedisOptions;
}
