import {
  KafkaRpcServer,
  type DriverEvent,
  type KafkaRpcServerOptions,
  type TopicSpec,
} from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import kafkajs, { type Admin } from 'kafkajs';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(60_000);

const NOTICE_MS = 15_000;

describe('what a broker refuses, or an operator changes,', () => {
  let cluster: LiveCluster;
  let admin: Admin;
  const queue = RequestQueue.prototype;
  const ownMethods = { ...Object.getOwnPropertyDescriptors(queue) };

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    const { logLevel } = kafkajs;
    admin = new kafkajs.Kafka({ brokers: cluster.kafka.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    cluster.onClose(() => admin.disconnect());
  });
  afterAll(() => cluster.close());

  const connect = async () => {
    const events: DriverEvent[] = [];
    const warnings: string[] = [];
    const silent = (): void => undefined;
    const connection = await kafkajsDriver({ brokers: cluster.kafka.brokers, metadataMaxAgeMs: 200 }).connect(
      {
        clientId: 'refused',
        log: { debug: silent, info: silent, warn: (line) => warnings.push(line), error: silent },
        onEvent: (event) => events.push(event),
      },
    );
    cluster.onClose(() => connection.close());
    return { connection, events, warnings };
  };

  const topicSpec = (changes: Partial<TopicSpec> = {}): TopicSpec => ({
    topic: cluster.newService('topic'),
    partitions: 1,
    replicationFactor: 1,
    config: { 'message.timestamp.type': 'LogAppendTime' },
    required: ['message.timestamp.type'],
    ...changes,
  });

  const failureOfStart = async (options: Partial<KafkaRpcServerOptions>): Promise<unknown> => {
    const service = cluster.newService('refused');
    const server = new KafkaRpcServer({ service, driver: cluster.driver, ...options });
    const failure = await new Promise<unknown>((resolve) => server.listen(resolve));
    await server.close();
    return failure;
  };

  it.each([
    ['more replicas than brokers', { replicationFactor: 3 }, 'replicationFactor'],
    ['a session that is too short for it', { sessionTimeoutMs: 1_000 }, 'sessionTimeoutMs'],
  ])('is told by the name of the option: %s', async (_what, options, name) => {
    const failure = await failureOfStart(options);
    expect(failure).toMatchObject({ status: 'FAILED_PRECONDITION', retryable: false });
    expect(String(failure)).toContain(name);
  });

  it('is told with both numbers: a topic that takes less than the largest record', async () => {
    const service = cluster.newService('small');
    const configEntries = [
      { name: 'message.timestamp.type', value: 'LogAppendTime' },
      { name: 'compression.type', value: 'uncompressed' },
      { name: 'max.message.bytes', value: '20000' },
    ];
    await admin.createTopics({ topics: [{ topic: `rpc.${service}.requests`, configEntries }] });

    const failure = await failureOfStart({ service });

    expect(failure).toMatchObject({ status: 'FAILED_PRECONDITION' });
    for (const part of ['20000', '1000000', 'maxRecordBytes', 'max.message.bytes'])
      expect(String(failure)).toContain(part);
  });

  it('is told in the log when it is a setting that changes while its topic is in use', async () => {
    const { connection, warnings } = await connect();
    const spec = topicSpec();
    await connection.ensureTopics([spec], { create: true });

    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: spec.topic,
          configEntries: [{ name: 'message.timestamp.type', value: 'CreateTime' }],
        },
      ],
    });

    await eventually(NOTICE_MS, () => expect(warnings.join()).toContain('message.timestamp.type=CreateTime'));
    expect(warnings.filter((line) => line.includes(spec.topic))).toHaveLength(1);
  });

  it('keeps nobody from learning of other topics: one that was deleted', async () => {
    const { connection, events } = await connect();
    const [gone, grows] = [topicSpec(), topicSpec()];
    await connection.ensureTopics([gone, grows], { create: true });

    await admin.deleteTopics({ topics: [gone.topic] });
    await admin.createPartitions({ topicPartitions: [{ topic: grows.topic, count: 3 }] });

    const added = { topic: grows.topic, partition: 2 };
    await eventually(NOTICE_MS, () => expect(connection.leaderOf(added)).toEqual(expect.any(Number)));
    expect(events).toContainEqual({ type: 'partitions-changed', topic: grows.topic, from: 1, to: 3 });
    await connection.produce([{ ...added, value: Buffer.from('x') }], { acks: -1 });
  });

  it("leaves kafkajs as it is for the app's own clients", async () => {
    await connect();
    expect(Object.getOwnPropertyDescriptors(queue)).toEqual(ownMethods);
  });
});
