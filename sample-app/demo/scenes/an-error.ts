import { RpcError } from 'nestjs-kafka-rpc';
import { ms } from '../report.js';
import { stopwatch } from '../stopwatch.js';
import { differs, type Answer, type Scene, type Ways } from './scene.js';

interface Failure {
  readonly status: string;
  readonly message: string;
  readonly details?: unknown;
}

interface Details {
  readonly id: number;
  readonly serverId: string;
}

const MESSAGE = 'There is no sum with the number 7.';

async function* play({ gateway, client }: Ways): AsyncGenerator<Answer> {
  const { status, body, totalMs } = await gateway.get<Failure>('/fail?id=7');
  yield answer('HTTP', { prefix: `${status} `, failure: body, afterMs: totalMs });
  const elapsedMs = stopwatch();
  const failure: unknown = await client.call('sum.fail', { id: 7 }).catch((error: unknown) => error);
  yield answer('ClientProxy', { prefix: '', failure: RpcError.from(failure), afterMs: elapsedMs() });
}

const answer = (
  via: Answer['via'],
  { prefix, failure, afterMs }: { prefix: string; failure: Failure; afterMs: number },
): Answer => {
  const { status, message, details } = failure;
  const { id, serverId } = (details ?? {}) as Partial<Details>;
  return {
    via,
    answer: `${prefix}${status} {"id":${id}}`,
    by: serverId === undefined ? [] : [serverId],
    time: `${ms(afterMs)}, "${message}"`,
    wrong: differs(
      [`${prefix}${status}`, message, id],
      [via === 'HTTP' ? '404 NOT_FOUND' : 'NOT_FOUND', MESSAGE, 7],
    ),
  };
};

export const anError: Scene = { title: 'An error: the sum with the number 7', play };
