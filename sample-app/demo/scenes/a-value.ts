import type { RpcReply } from 'nestjs-kafka-rpc';
import { legs } from '../report.js';
import { differs, type Answer, type Scene, type Ways } from './scene.js';

/** Asked twice each: the first call also connects, and runs code that has just been loaded. */
const TIMES = ['first', 'again'];

async function* play({ gateway, client }: Ways): AsyncGenerator<Answer> {
  for (const time of TIMES) {
    const { body, totalMs } = await gateway.get<RpcReply<number>>('/add?a=1&b=2');
    yield answer('HTTP', time, body, totalMs);
  }
  for (const time of TIMES) {
    yield answer('ClientProxy', time, await client.call<number>('sum.add', { a: 1, b: 2 }));
  }
}

const answer = (via: Answer['via'], time: string, reply: RpcReply<number>, httpMs?: number): Answer => ({
  via,
  answer: `${reply.value}, ${time}`,
  by: [reply.serverId],
  time: legs(reply.timings, httpMs),
  wrong: differs(reply.value, 3),
});

export const aValue: Scene = { title: 'A value: 1 + 2', play };
