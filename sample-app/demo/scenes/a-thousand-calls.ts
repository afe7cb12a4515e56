import type { RpcReply } from 'nestjs-kafka-rpc';
import { count, ms } from '../report.js';
import { stopwatch } from '../stopwatch.js';
import { differs, type Answer, type Scene, type Ways } from './scene.js';

const CALLS = 1_000;
const ROUNDS = ['first', 'again', 'again'];

interface Timed {
  readonly reply: RpcReply<number>;
  readonly totalMs: number;
}

type Add = (a: number, b: number) => Promise<Timed>;

async function* play({ gateway, client }: Ways): AsyncGenerator<Answer> {
  const overHttp: Add = async (a, b) => {
    const { body, totalMs } = await gateway.get<RpcReply<number>>(`/add?a=${a}&b=${b}`);
    return { reply: body, totalMs };
  };
  const byClient: Add = async (a, b) => {
    const reply = await client.call<number>('sum.add', { a, b });
    return { reply, totalMs: reply.timings.totalMs };
  };
  yield await allAtOnce('HTTP', 'first', overHttp);
  for (const round of ROUNDS) yield await allAtOnce('ClientProxy', round, byClient);
}

/** Each call has a sum of its own, so that an answer to another's call would be seen. */
async function allAtOnce(via: Answer['via'], round: string, add: Add): Promise<Answer> {
  const elapsedMs = stopwatch();
  const timed = await Promise.all(Array.from({ length: CALLS }, (_, i) => add(i, 2 * i)));
  const tookMs = elapsedMs();
  const wrong = timed.findIndex(({ reply }, i) => reply.value !== 3 * i);
  const times = timed.map(({ totalMs }) => totalMs).sort((a, b) => a - b);
  const rate = `${count((CALLS / tookMs) * 1_000)} calls/s`;
  return {
    via,
    answer: `${count(CALLS)} right, ${round}`,
    by: timed.map(({ reply }) => reply.serverId),
    time: `${rate}, p50 ${ms(percentile(times, 0.5))}, p99 ${ms(percentile(times, 0.99))}`,
    calls: CALLS,
    wrong: wrong < 0 ? undefined : `call ${wrong}: ${differs(timed[wrong]?.reply.value, 3 * wrong)}`,
  };
}

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(sorted.length * share) - 1] ?? NaN;

export const aThousandCalls: Scene = { title: `${count(CALLS)} calls at once`, play };
