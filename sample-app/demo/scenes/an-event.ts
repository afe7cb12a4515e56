import { KafkaRpcRecordBuilder, type RpcReply } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { ms } from '../report.js';
import { stopwatch } from '../stopwatch.js';
import { differs, type Answer, type Scene, type Ways } from './scene.js';

/** The key of events and questions: the same server handles them all, in the order sent. So the count is not a race. */
const ACCOUNT = 'ann';

interface Told {
  readonly takenMs: number;
  readonly before: number;
  readonly after: RpcReply<number>;
}

async function* play({ gateway, client }: Ways): AsyncGenerator<Answer> {
  const { body: before } = await gateway.get<RpcReply<number>>(`/audits?account=${ACCOUNT}`);
  const { totalMs: takenMs } = await gateway.post('/audit', { account: ACCOUNT });
  const { body: after } = await gateway.get<RpcReply<number>>(`/audits?account=${ACCOUNT}`);
  yield answer('HTTP', { takenMs, before: before.value, after });

  const elapsedMs = stopwatch();
  const event = new KafkaRpcRecordBuilder({ account: ACCOUNT }).setKey(ACCOUNT).build();
  await lastValueFrom(client.emit('sum.audited', event), { defaultValue: undefined });
  const told = { takenMs: elapsedMs(), before: after.value };
  const counted = await client.call<number>('sum.audits', {}, { key: ACCOUNT });
  yield answer('ClientProxy', { ...told, after: counted });
}

const answer = (via: Answer['via'], { takenMs, before, after }: Told): Answer => ({
  via,
  answer: `counted: ${before} before, ${after.value} after`,
  by: [after.serverId],
  time: `Kafka had it after ${ms(takenMs)}; asking for the count took ${ms(after.timings.totalMs)}`,
  wrong: differs(after.value, before + 1),
});

export const anEvent: Scene = { title: `An event: a sum of ${ACCOUNT}'s was audited`, play };
