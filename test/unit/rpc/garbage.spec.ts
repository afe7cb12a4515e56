import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type {
  DriverConnection,
  KafkaRpcClient,
  KafkaRpcServer,
  ProducerRecord,
  RefusedRecord,
} from 'nestjs-kafka-rpc';
import { encodeEnvelope, type Envelope, type StagedEnvelope } from '../../../lib/protocol/envelope.js';
import { newInstanceId } from '../../../lib/protocol/instance-id.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { seededRandom, type SeededRandom } from '../../support/seeded-random.js';
import { until } from '../../support/until.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() data: number): number {
    return data;
  }
}

type Garbage = Pick<ProducerRecord, 'value' | 'headers' | 'key'>;

const ENVELOPES: Readonly<Record<'request' | 'reply', StagedEnvelope>> = {
  request: {
    direction: 'request',
    sender: newInstanceId(),
    contentType: 'msgpack',
    stages: '',
    replyTo: { topic: 'rpc.replies', partition: 0 },
  },
  reply: {
    direction: 'reply',
    sender: newInstanceId(),
    contentType: 'msgpack',
    stages: '',
    recipient: newInstanceId(),
  },
};

const randomBytes = (random: SeededRandom, size: number): Buffer =>
  Buffer.from(Array.from({ length: size }, () => random.integer(256)));

const JSON_VALUE = Buffer.from('{"pattern":"sum.add","data":1,"id":"7"}');

/** One refused record each, whoever reads it. */
const refusedByAll = (direction: 'request' | 'reply'): readonly Garbage[] => {
  const random = seededRandom(7);
  const envelope = ENVELOPES[direction];
  const good = encodeEnvelope(envelope);
  const otherVersion = Buffer.from(good);
  otherVersion[0] = 2;
  const header = (rpc: Buffer): Garbage => ({ value: Buffer.alloc(0), headers: { rpc } });
  return [
    { value: randomBytes(random, 300) },
    { value: null },
    {
      value: JSON_VALUE,
      headers: { kafka_correlationId: Buffer.from('1'), kafka_replyTopic: Buffer.from('x') },
    },
    header(otherVersion),
    header(Buffer.alloc(0)),
    header(randomBytes(random, 60)),
    header(good.subarray(0, -1)),
    header(Buffer.concat([good, Buffer.from([0])])),
  ];
};

describe('garbage', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;
  let raw: DriverConnection;
  const refused: RefusedRecord[] = [];

  beforeEach(async () => {
    refused.splice(0);
    cluster = new RpcCluster();
    ({ server } = await cluster.serve(
      { controllers: [SumController] },
      { partitions: 2, replyPartitions: 1 },
    ));
    server.on('refused', (record) => refused.push(record));
    client = cluster.client();
    await client.connect();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
  });

  afterEach(() => cluster.close());

  const litter = (topic: string, partition: number, garbage: readonly Garbage[]): Promise<unknown> =>
    raw.produce(
      garbage.map((record) => ({ ...record, topic, partition })),
      { acks: -1 },
    );

  const callOften = async (count: number): Promise<void> => {
    const values = await Promise.all(Array.from({ length: count }, (_, i) => client.call('sum.add', i)));
    expect(values.map(({ value }) => value)).toEqual(values.map((_, i) => i));
  };

  it('on a request topic is counted, told and skipped, while calls go on', async () => {
    const garbage = refusedByAll('request');
    const calls = callOften(50);
    for (const partition of [0, 1]) await litter('rpc.sum.requests', partition, garbage);
    await calls;
    await callOften(50);
    await until(() => server.counters.recordsRefused === 2 * garbage.length);
    expect(refused).toHaveLength(2 * garbage.length);
    for (const { topic, message } of refused) {
      expect(topic).toBe('rpc.sum.requests');
      expect(message).toMatch(/[a-z]/);
    }
  });

  it('on the reply topic is counted and skipped, while calls go on', async () => {
    const garbage = refusedByAll('reply');
    const calls = callOften(50);
    await litter('rpc.replies', 0, garbage);
    await calls;
    await callOften(50);
    // Records for others are dropped by their envelope, before their value matters.
    await until(() => client.counters.recordsRefused === garbage.length);
  });

  it('on the reply topic from before a client came is never read by it', async () => {
    await litter('rpc.replies', 0, refusedByAll('reply'));
    const late = cluster.client();
    await late.call('sum.add', 1);
    await late.call('sum.add', 2);
    expect(late.counters.recordsRefused).toBe(0);
  });

  it('is finished for the group: a new server does not meet it again', async () => {
    await litter('rpc.sum.requests', 0, refusedByAll('request'));
    await until(() => refused.length === refusedByAll('request').length);
    await server.close();
    const second = await cluster.serve({ controllers: [SumController] });
    await callOften(10);
    expect(second.server.counters.recordsRefused).toBe(0);
  });

  it('from a sender with other wire stages names both sides’ stages', async () => {
    await litter('rpc.sum.requests', 0, [speak({ ...ENVELOPES.request, stages: 'compression+encryption' })]);
    await until(() => refused.length === 1);
    expect(refused[0]!.reason).toBe('stages');
    expect(refused[0]!.message).toContain('wire stages are [compression+encryption], this side');
  });

  it('that is a reply on a request topic is refused', async () => {
    await litter('rpc.sum.requests', 0, [speak(ENVELOPES.reply, { kind: 'cancel', seq: 1 })]);
    await until(() => refused.length === 1);
    expect(refused[0]).toMatchObject({ reason: 'direction', message: 'A reply stands on a request topic.' });
  });

  it('that is a request on the reply topic is dropped', async () => {
    await litter('rpc.replies', 0, [speak(ENVELOPES.request, { kind: 'cancel', seq: 1 })]);
    await callOften(5);
    expect(client.counters.recordsRefused).toBe(0);
  });

  it('in one message of a record leaves the others alone', async () => {
    const bad = Buffer.from('00000001ff', 'hex');
    const record = speak(ENVELOPES.request, {
      kind: 'event',
      seq: 1,
      pattern: 'sum.add',
      key: null,
      headers: {},
      metadata: Buffer.alloc(0),
      payload: Buffer.from([7]),
      ttlMs: 0,
      sentAtMs: 0,
      attempt: 1,
    });
    const value = Buffer.concat([bad, record.value!, bad]);
    await litter('rpc.sum.requests', 0, [{ ...record, value }]);
    await until(() => server.counters.eventsStarted === 1);
    expect(server.counters).toMatchObject({ messagesMalformed: 2, recordsRefused: 0 });
  });

  it('of 3,000 random values under a good envelope never stops a server or a client', async () => {
    const random = seededRandom(11);
    const values = Array.from({ length: 1_500 }, () => randomBytes(random, random.integer(60)));
    const recipient = Buffer.from(client.id, 'hex');
    const asRequest = values.map((value) => ({ ...speak(ENVELOPES.request), value }));
    const asReply = values.map((value) => ({
      ...speak({ ...(ENVELOPES.reply as object), recipient } as Envelope),
      value,
    }));
    await litter('rpc.sum.requests', 0, asRequest);
    await litter('rpc.replies', 0, asReply);
    await callOften(50);
    await server.close();
    expect(server.counters.messagesMalformed).toBeGreaterThan(100);
    expect(client.counters.messagesMalformed).toBeGreaterThan(100);
  });
});
