import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  compression,
  encryption,
  keyring,
  RpcError,
  verification,
  type ConsumerRecord,
  type KafkaRpcClient,
  type KafkaRpcContext,
  type Keyring,
  type KeyringOptions,
  type RefusedRecord,
  type WireInterceptor,
} from 'nestjs-kafka-rpc';
import { from, lastValueFrom, toArray, type Observable } from 'rxjs';
import { LiveCluster } from '../support/live-cluster.js';
import { connectRaw } from '../support/raw-records.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const [k1, k2] = [randomBytes(32), randomBytes(32)];
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
  const rings = Array.from({ length: 5 }, () => keyring({ current: 'k1', keys: { k1 } }));
  const records: ConsumerRecord[] = [];
  const refused: RefusedRecord[] = [];
  let cluster: LiveCluster;
  let clients: readonly KafkaRpcClient[];

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    for (const ring of rings.slice(0, 2)) {
      const options = { interceptors: stages(ring), partitions: 2 };
      const { server } = await cluster.serve({ controllers: [SealedController] }, options);
      server.on('refused', (record) => refused.push(record));
    }
    clients = rings.slice(2).map((ring) => cluster.client({ interceptors: stages(ring), timeoutMs: 20_000 }));
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
    const ours = records.filter(({ headers }) => (headers['rpc'] as Buffer).includes(sender));
    expect(ours.length).toBeGreaterThanOrEqual(6);
    for (const { key, value, headers } of ours) {
      const bytes = Buffer.concat([key ?? Buffer.alloc(0), value!, ...(Object.values(headers) as Buffer[])]);
      for (const secret of [PAYLOAD, HEADER, PATTERN, 'told', 'count', 'FAILED_PRECONDITION', 'Not yet'])
        expect({ secret, isSeen: bytes.includes(secret) }).toEqual({ secret, isSeen: false });
    }
  });

  it('no call fails while three clients and two servers change their keys under 200 calls a second', async () => {
    let isOver = false;
    const calls: Promise<boolean>[] = [];
    const load = async (): Promise<void> => {
      const begin = performance.now();
      while (!isOver) {
        const due = ((performance.now() - begin) / 1_000) * 200;
        for (let n = calls.length; n < due; n++) {
          const answer = clients[n % 3]!.call<{ data: number }>(PATTERN, n);
          calls.push(answer.then(({ value }) => value.data === n));
        }
        await sleep(10);
      }
    };
    const loading = load();
    const steps: KeyringOptions[] = [
      { current: 'k1', keys: { k1, k2 } },
      { current: 'k2', keys: { k1, k2 } },
      { current: 'k2', keys: { k2 } },
    ];
    for (const step of steps) {
      await sleep(500);
      for (const ring of rings) {
        await ring.rotate(step);
        await sleep(100);
      }
      // The overlap: what was sent under the old key is answered before the key goes.
      await Promise.all(calls);
    }
    await sleep(500);
    isOver = true;
    await loading;
    expect(calls.length).toBeGreaterThan(400);
    expect(await Promise.all(calls)).toEqual(calls.map(() => true));
    expect(refused).toEqual([]);
    for (const client of clients)
      expect(client.counters).toMatchObject({ deadlinesExceeded: 0, messagesMalformed: 0 });
  });
});
