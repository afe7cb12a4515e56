import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import kafkajs, { type Message, type Producer } from 'kafkajs';
import type { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { encodeEnvelope, ENVELOPE_HEADER, PROTOCOL_VERSION } from '../../lib/protocol/envelope.js';
import { eventually } from '../conformance/eventually.js';
import { allAnswered } from '../support/call-load.js';
import { GroupView } from '../support/group-view.js';
import { LiveCluster } from '../support/live-cluster.js';
import { seededRandom } from '../support/seeded-random.js';

jest.setTimeout(120_000);

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() { nonce }: { nonce: string }): object {
    return { nonce, server: 'only' };
  }
}

const EACH = 20;
const STRANGER = randomBytes(16);
const encoding = { sender: STRANGER, contentType: 'msgpack', stages: '' };

describe('records that are not ours, among real calls', () => {
  let cluster: LiveCluster;
  let server: KafkaRpcServer;
  let client: KafkaRpcClient;
  let producer: Producer;
  let group: GroupView;
  let replies: string;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    replies = `rpc.${cluster.service}.replies`;
    const options = { topics: { replies }, replyPartitions: 1 };
    ({ server } = await cluster.serve({ controllers: [EchoController] }, options));
    client = cluster.client(options);
    await client.connect();
    const { brokers } = cluster.kafka;
    producer = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).producer();
    await producer.connect();
    cluster.onClose(() => producer.disconnect());
    group = await GroupView.open(brokers, cluster.service);
    cluster.onClose(() => group.close());
  });
  afterAll(() => cluster.close());

  const request = (replyTo: { topic: string; partition: number }): Buffer =>
    encodeEnvelope({ direction: 'request', ...encoding, replyTo });
  const reply = (recipient: Buffer): Buffer => encodeEnvelope({ direction: 'reply', ...encoding, recipient });
  const withEnvelope = (envelope: Buffer | Buffer[], value: Buffer | null): Message => ({
    value,
    headers: { [ENVELOPE_HEADER]: envelope },
  });
  const otherVersion = (envelope: Buffer): Buffer =>
    Buffer.concat([Buffer.from([PROTOCOL_VERSION + 1]), envelope.subarray(1)]);

  /** What no receiver can take for a record of this protocol and version. */
  const foreign = (envelope: Buffer, random: () => Buffer): Message[] => [
    { value: random() },
    {
      key: 'order-7',
      value: JSON.stringify({ id: 7, pattern: 'echo', data: {} }),
      headers: { kafka_nestId: 'x' },
    },
    { value: null },
    withEnvelope(random(), random()),
    withEnvelope(Buffer.alloc(0), random()),
    withEnvelope(otherVersion(envelope), random()),
    withEnvelope([envelope, envelope], random()),
    withEnvelope(envelope, null),
  ];

  it('are counted and skipped on both sides, and the calls know nothing of them', async () => {
    const source = seededRandom(7);
    const random = (): Buffer =>
      Buffer.from(Array.from({ length: 1 + source.integer(64) }, () => source.integer(256)));
    const ours = request({ topic: replies, partition: 0 });
    const hostile = [
      request({ topic: '__consumer_offsets', partition: 0 }),
      request({ topic: `${replies}.evil`, partition: 0 }),
      request({ topic: replies, partition: 1 }),
      request({ topic: replies, partition: 0xffff_ffff }),
      reply(STRANGER),
    ].map((envelope) => withEnvelope(envelope, Buffer.alloc(0)));
    const refusedByServer = [...foreign(ours, random), ...hostile];
    const refusedByClient = foreign(reply(Buffer.from(client.id, 'hex')), random);
    const unreadable = Buffer.from([0, 0, 0, 1, 0xff]);
    const cutOff = Buffer.from([0xff, 0xff, 0xff, 0xff, 1]);

    const load = cluster.load(client, 200);
    for (let i = 0; i < EACH; i++) {
      const toServer = [...refusedByServer, withEnvelope(ours, unreadable), withEnvelope(ours, cutOff)];
      await producer.send({
        topic: `rpc.${cluster.service}.requests`,
        messages: toServer.map((message, at) => ({ ...message, partition: (i + at) % 8 })),
      });
      const mine = reply(Buffer.from(client.id, 'hex'));
      const toClient = [...refusedByClient, withEnvelope(mine, unreadable), withEnvelope(mine, cutOff)];
      await producer.send({
        topic: replies,
        messages: [...toClient, withEnvelope(reply(STRANGER), random())],
      });
    }
    await eventually(20_000, () => {
      expect(server.counters.recordsRefused).toBe(EACH * refusedByServer.length);
      expect(server.counters.messagesMalformed).toBe(EACH * 2);
      expect(client.counters.recordsRefused).toBe(EACH * refusedByClient.length);
      expect(client.counters.messagesMalformed).toBe(EACH * 2);
    });
    await load.answersGrow(100, 20_000);
    const report = await load.stop();

    expect(report).toMatchObject(allAnswered(report.sent));
    expect(server.counters.callsStarted).toBe(report.sent);
    await eventually(20_000, async () => expect(await group.lag()).toBe(0));
  });
});
