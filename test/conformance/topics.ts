import { RpcStatus } from '../../lib/errors/status.js';
import type { Workbench } from './workbench.js';

export const describeTopics = (bench: Workbench): void => {
  const SETTING = 'message.timestamp.type';

  it('creates the topics that are missing, with their partitions', async () => {
    const connection = await bench.connect();
    const [one, three] = [bench.topicSpec(), bench.topicSpec({ partitions: 3 })];

    await connection.ensureTopics([one, three], { create: true });

    expect(await connection.partitionCount(one.topic)).toBe(1);
    expect(await connection.partitionCount(three.topic)).toBe(3);
  });

  it('creates a topic with its settings', async () => {
    const connection = await bench.connect();
    const config = { [SETTING]: 'LogAppendTime', 'cleanup.policy': 'compact', 'retention.ms': '60000' };
    const spec = bench.topicSpec({ config, required: Object.keys(config) });

    await connection.ensureTopics([spec], { create: true });

    await connection.ensureTopics([spec], { create: false });
  });

  it('checks a topic the moment that it has created it, time after time', async () => {
    const connection = await bench.connect();

    for (let round = 0; round < 30; round++) {
      await connection.ensureTopics([bench.topicSpec({ partitions: 3, required: [SETTING] })], {
        create: true,
      });
    }
  });

  it('leaves partitions and replication to the broker when they are -1', async () => {
    const connection = await bench.connect();
    const spec = bench.topicSpec({ partitions: -1, replicationFactor: -1 });

    await connection.ensureTopics([spec], { create: true });

    expect(await connection.partitionCount(spec.topic)).toBeGreaterThanOrEqual(1);
  });

  it('finds nothing to do the second time', async () => {
    const connection = await bench.connect();
    const spec = bench.topicSpec({ partitions: 2 });

    await connection.ensureTopics([spec], { create: true });
    await connection.ensureTopics([{ ...spec, partitions: 5 }], { create: true });

    expect(await connection.partitionCount(spec.topic)).toBe(2);
  });

  it('creates a topic once when several ask for it at the same time', async () => {
    const [first, second] = [await bench.connect(), await bench.connect()];
    const spec = bench.topicSpec({ partitions: 3, required: [SETTING] });

    await Promise.all([first, second, first].map((each) => each.ensureTopics([spec], { create: true })));

    expect(await second.partitionCount(spec.topic)).toBe(3);
  });

  it('refuses a topic with another required setting, and says which, what it is and what it should be', async () => {
    const connection = await bench.connect();
    const spec = bench.topicSpec({ config: { [SETTING]: 'CreateTime' } });
    await connection.ensureTopics([spec], { create: true });

    const wanted = { ...spec, config: { [SETTING]: 'LogAppendTime' }, required: [SETTING] };
    const error = await connection
      .ensureTopics([wanted], { create: true })
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ status: RpcStatus.FAILED_PRECONDITION });
    for (const part of [spec.topic, SETTING, 'CreateTime', 'LogAppendTime']) {
      expect(String(error)).toContain(part);
    }
  });

  it("compares a required setting with the broker's default when the topic does not set it", async () => {
    const connection = await bench.connect();
    const spec = bench.topicSpec({ config: {} });
    await connection.ensureTopics([spec], { create: true });

    const wanted = { ...spec, config: { [SETTING]: 'LogAppendTime' }, required: [SETTING] };

    await expect(connection.ensureTopics([wanted], { create: false })).rejects.toMatchObject({
      status: RpcStatus.FAILED_PRECONDITION,
      message: expect.stringContaining('CreateTime'),
    });
  });

  it('accepts a topic with another setting that is not required', async () => {
    const connection = await bench.connect();
    const spec = bench.topicSpec({ config: { [SETTING]: 'CreateTime' } });
    await connection.ensureTopics([spec], { create: true });

    await connection.ensureTopics([{ ...spec, config: { [SETTING]: 'LogAppendTime' } }], { create: true });
  });

  it('refuses a missing topic when it may not create it', async () => {
    const connection = await bench.connect();
    const spec = bench.topicSpec();

    await expect(connection.ensureTopics([spec], { create: false })).rejects.toMatchObject({
      status: RpcStatus.FAILED_PRECONDITION,
      message: expect.stringContaining(spec.topic),
    });
    await expect(connection.partitionCount(spec.topic)).rejects.toMatchObject({
      status: RpcStatus.FAILED_PRECONDITION,
    });
  });

  it('refuses to count the partitions of a missing topic, and does not create it', async () => {
    const connection = await bench.connect();
    const topic = bench.uniqueName('missing');
    const missing = { status: RpcStatus.FAILED_PRECONDITION, message: expect.stringContaining(topic) };

    await expect(connection.partitionCount(topic)).rejects.toMatchObject(missing);
    await expect(connection.partitionCount(topic)).rejects.toMatchObject(missing);
  });

  it('counts the partitions of a topic that another connection created', async () => {
    const [creator, other] = [await bench.connect(), await bench.connect()];
    const partitions = await bench.createTopic(creator, 4);

    expect(await other.partitionCount(partitions[0]!.topic)).toBe(4);
  });
};
