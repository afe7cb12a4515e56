import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  compression,
  encryption,
  RpcError,
  verification,
  type ConsumerRecord,
  type KafkaRpcClient,
  type KafkaRpcContext,
  type Keyring,
  type RefusedRecord,
  type WireInterceptor,
} from 'nestjs-kafka-rpc';
import { from, lastValueFrom, toArray, type Observable } from 'rxjs';
import { allAnswered, type Echo } from '../support/call-load.js';
import { KeyRotation } from '../support/key-rotation.js';
import { LiveCluster } from '../support/live-cluster.js';
import { connectRaw } from '../support/raw-records.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const PAYLOAD = 'payload-that-nobody-sees';
const HEADER = 'header-that-nobody-sees';
const PATTERN = 'pattern.that.nobody.sees';

const stages = (ring: Keyring): WireInterceptor[] => [
  compression({ minBytes: 64 }),
  encryption({ keyring: ring }),
  verification({ keyring: ring }),
];

const events: unknown[] = [];

@Controller()
class SealedController {
  @MessagePattern(PATTERN)
  echo(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): unknown {
    return { data, header: context.getHeaders()['h'] };
  }

  @MessagePattern('echo')
  nonce(@Payload() { nonce }: Echo): Echo {
    return { nonce, server: 'any' };
  }

  @MessagePattern('count')
  count(@Payload() to: number): Observable<number> {
    return from(Array.from({ length: to }, (_, i) => i));
  }

  @MessagePattern('fail')
  fail(): never {
    throw new RpcError('FAILED_PRECONDITION', `Not yet: ${PAYLOAD}.`, { details: { of: PAYLOAD } });
  }

  @EventPattern('told')
  told(@Payload() data: unknown): void {
    events.push(data);
  }
}

describe('with all three stages, on a broker', () => {
  const rotation = new KeyRotation(5);
  const records: ConsumerRecord[] = [];
  const refused: RefusedRecord[] = [];
  let cluster: LiveCluster;
  let clients: readonly KafkaRpcClient[];

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    for (const ring of rotation.rings.slice(0, 2)) {
      const options = { interceptors: stages(ring), partitions: 2 };
      const { server } = await cluster.serve({ controllers: [SealedController] }, options);
      server.on('refused', (record) => refused.push(record));
    }
    clients = rotation.rings
      .slice(2)
      .map((ring) => cluster.client({ interceptors: stages(ring), timeoutMs: 20_000 }));
    await Promise.all(clients.map((client) => client.connect()));
    const raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    const topics = [`rpc.${cluster.service}.requests`, 'rpc.replies'];
    for (const topic of topics) {
      for (let partition = 0; partition < (await raw.partitionCount(topic)); partition++)
        await raw.readPartition({ topic, partition, from: 'latest' }, (read) => void records.push(...read));
    }
  });

  afterAll(() => cluster.close());

  it('values, streams, errors and events come through, and none of it can be read in the topics', async () => {
    const [client] = clients as [KafkaRpcClient];
    const data = { text: PAYLOAD.repeat(20), bytes: Buffer.from(PAYLOAD), at: new Date(5), n: 7n };
    const answer = await client.call(PATTERN, data, { headers: { h: HEADER }, key: PAYLOAD });
    expect(answer.value).toEqual({ data, header: HEADER });
    expect(await lastValueFrom(client.send('count', 300).pipe(toArray()))).toHaveLength(300);
    await expect(client.call('fail', {})).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: `Not yet: ${PAYLOAD}.`,
      details: { of: PAYLOAD },
    });
    await lastValueFrom(client.emit('told', PAYLOAD));
    await until(() => events.length === 1);
    expect(events).toEqual([PAYLOAD]);

    const sender = Buffer.from(client.id, 'hex');
    const ours = () => records.filter(({ headers }) => (headers['rpc'] as Buffer).includes(sender));
    // Four requests and three answers: who only looks on may hear of them later than those who call.
    await until(() => ours().length >= 7);
    for (const { key, value, headers } of ours()) {
      const bytes = Buffer.concat([key ?? Buffer.alloc(0), value!, ...(Object.values(headers) as Buffer[])]);
      for (const secret of [PAYLOAD, HEADER, PATTERN, 'told', 'count', 'FAILED_PRECONDITION', 'Not yet'])
        expect({ secret, isSeen: bytes.includes(secret) }).toEqual({ secret, isSeen: false });
    }
  });

  it('no call fails while three clients and two servers change their keys under 200 calls a second', async () => {
    const loads = clients.map((client) => cluster.load(client, 200 / clients.length));
    await sleep(500);
    // What was sent under the old key is answered before the key goes.
    const overlap = () => Promise.all([sleep(500), ...loads.map((load) => load.settled())]);
    await rotation.run(() => sleep(100), overlap);
    const reports = await Promise.all(loads.map((load) => load.stop()));
    for (const report of reports) {
      expect(report).toMatchObject(allAnswered(report.sent));
      expect(report.sent).toBeGreaterThan(200);
    }
    expect(refused).toEqual([]);
    for (const client of clients)
      expect(client.counters).toMatchObject({ deadlinesExceeded: 0, messagesMalformed: 0 });
  });
});
