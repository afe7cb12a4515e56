import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { DriverConnection, KafkaRpcServer, ProducerRecord } from 'nestjs-kafka-rpc';
import { encodeEnvelope, ENVELOPE_HEADER } from '../../lib/protocol/envelope.js';
import { request } from '../support/incoming-calls.js';
import { connectRaw, frameList } from '../support/raw-records.js';
import { RpcCluster } from '../support/rpc-cluster.js';
import { turns, until } from '../support/until.js';

const TOPICS = ['orders', 'a.reply.evil', 'rpc.replies2', 'x.rpc.replies', 'rpc.sum.requests', 'rpc.replies'];

/** Where an attacker would have the server write. */
const HOSTILE: readonly [string, number][] = [
  ['orders', 0],
  ['__consumer_offsets', 0],
  ['__transaction_state', 0],
  ['a.reply.evil', 0],
  ['rpc.replies2', 0],
  ['x.rpc.replies', 0],
  ['rpc.sum.requests', 0],
  ['rpc.sum.dead-letters', 0],
  ['RPC.REPLIES', 0],
  ['rpc.replies ', 0],
  ['rpc.replies\n', 0],
  ['rpc.replies\0', 0],
  ['rpc.replies/../orders', 0],
  ['rpc_replies', 0],
  ['rpc.*', 0],
  ['x'.repeat(300), 0],
  ['rpc.replies', 1],
  ['rpc.replies', 2 ** 31 - 1],
  ['rpc.replies', 2 ** 31],
  ['rpc.replies', 0xffff_ffff],
];

describe('S5, a reply address that redirects', () => {
  let handled = 0;
  let cluster: RpcCluster;
  let server: KafkaRpcServer;
  let raw: DriverConnection;

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    add(): number {
      handled += 1;
      return 3;
    }
  }

  beforeEach(async () => {
    handled = 0;
    cluster = new RpcCluster();
    ({ server } = await cluster.serve(
      { controllers: [SumController] },
      { replyPartitions: 1, partitions: 1 },
    ));
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    const specs = TOPICS.map((topic) => ({
      topic,
      partitions: 1,
      replicationFactor: 1,
      config: {},
      required: [],
    }));
    await raw.ensureTopics(specs, { create: true });
  });

  afterEach(() => cluster.close());

  const ask = (headers: ProducerRecord['headers']): Promise<unknown> =>
    raw.produce(
      [{ topic: 'rpc.sum.requests', partition: 0, value: frameList(request({ ttlMs: 10_000 })), headers }],
      { acks: -1 },
    );

  const envelopeTo = (topic: string, partition: number): Buffer =>
    encodeEnvelope({
      direction: 'request',
      sender: randomBytes(16),
      contentType: 'msgpack',
      stages: '',
      replyTo: { topic, partition },
    });

  it(`has nothing written anywhere by any of ${HOSTILE.length} addresses, and no handler run`, async () => {
    const written: string[] = [];
    for (const topic of TOPICS) {
      await raw.readPartition({ topic, partition: 0, from: 'latest' }, (records) =>
        records.forEach(() => written.push(topic)),
      );
    }
    for (const [topic, partition] of HOSTILE) await ask({ [ENVELOPE_HEADER]: envelopeTo(topic, partition) });
    await until(() => server.counters.recordsRefused === HOSTILE.length);
    await turns();
    expect(handled).toBe(0);
    expect(written).toEqual(HOSTILE.map(() => 'rpc.sum.requests'));
  });

  it('is not looked for in a second header of the same name', async () => {
    const good = envelopeTo('rpc.replies', 0);
    const twice = {
      [ENVELOPE_HEADER]: [good, envelopeTo('orders', 0)],
    } as unknown as ProducerRecord['headers'];
    await ask(twice);
    await until(() => server.counters.recordsRefused === 1);
    expect(handled).toBe(0);
  });

  it('in whatever form is no number is not even a record', async () => {
    for (const text of ['-1', '1.5', 'NaN', '1e3', '']) {
      const envelope = envelopeTo('rpc.replies', 0);
      await ask({ [ENVELOPE_HEADER]: Buffer.concat([envelope.subarray(0, -4), Buffer.from(text)]) });
    }
    await until(() => server.counters.recordsRefused >= 4);
    expect(handled).toBeLessThanOrEqual(0);
  });
});
