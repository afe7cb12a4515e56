import type { TopicPartition } from '../../lib/driver/record.js';
import { eventually } from './eventually.js';
import { textOf } from './recorder.js';
import type { Workbench } from './workbench.js';

/** Topics that an operator changes under a running connection. */
export const describeTopicChanges = (bench: Workbench): void => {
  const { harness } = bench;
  const sized = harness.addPartitions === undefined ? it.skip : it;
  const remade = harness.deleteTopic === undefined ? it.skip : it;

  const addPartitions = (topic: string, count: number): Promise<void> =>
    Promise.resolve(harness.addPartitions?.(topic, count));

  const makeAnew = async (topic: string, partitions = 1): Promise<void> => {
    await harness.deleteTopic?.(topic);
    const maker = await bench.connect();
    // A broker may still be deleting the old one.
    await eventually(bench.timing.deadlineMs, async () => {
      await maker.ensureTopics([bench.topicSpec({ topic, partitions })], { create: true });
      expect(await maker.partitionCount(topic)).toBe(partitions);
    });
  };

  sized('tells of partitions that were added to a topic in use, and counts them', async () => {
    const { connection, events } = await bench.open();
    const at = await bench.createPartition(connection);
    const log = bench.recordLog();
    await connection.readPartition({ ...at, from: 'latest' }, log.onRecords);

    await addPartitions(at.topic, 3);

    await eventually(bench.timing.deadlineMs, () =>
      expect(events).toContainEqual({ type: 'partitions-changed', topic: at.topic, from: 1, to: 3 }),
    );
    expect(await connection.partitionCount(at.topic)).toBe(3);
    const added = { topic: at.topic, partition: 2 };
    await bench.produceTexts(connection, added, ['to the added one']);
  });

  sized('shares partitions that were added out to the group', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const { log } = await bench.join(bench.groupOptions([at]));

    await addPartitions(at.topic, 3);

    const all = [0, 1, 2].map((partition): TopicPartition => ({ topic: at.topic, partition }));
    await log.holds(all);
    const other = await bench.connect();
    await bench.produceTexts(other, all[2]!, ['to the added one']);
    expect((await log.received(1)).map(textOf)).toEqual(['to the added one']);
  });

  remade('reads a topic that was made anew from its start, and says so', async () => {
    const { connection, events } = await bench.open();
    const at = await bench.createPartition(connection);
    const log = bench.recordLog();
    await connection.readPartition({ ...at, from: 'latest' }, log.onRecords);
    await bench.produceSeries(connection, at, 'old ', 20);
    await log.received(20);

    await makeAnew(at.topic);
    const producer = await bench.connect();
    const fresh = await bench.produceSeries(producer, at, 'new ', 8);

    expect((await log.receivedOnly(28)).map(textOf).slice(20)).toEqual(fresh);
    expect(events).toContainEqual({ type: 'position-lost', ...at, from: 20n, to: 0n, reason: 'recreated' });
  });

  remade('reads a topic made anew from its start though it has grown past the old position', async () => {
    const { connection } = await bench.open();
    const at = await bench.createPartition(connection);
    const log = bench.recordLog();
    await connection.readPartition({ ...at, from: 'latest' }, log.onRecords);
    await bench.produceSeries(connection, at, 'old ', 3);
    await log.received(3);

    await makeAnew(at.topic);
    const producer = await bench.connect();
    const fresh = await bench.produceSeries(producer, at, 'new ', 50);

    expect((await log.receivedOnly(53)).map(textOf).slice(3)).toEqual(fresh);
  });

  remade('tells a group member where it reads a partition that was made anew, before it does', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const { log, member } = await bench.join(bench.groupOptions([at]));
    await bench.produceSeries(producer, at, 'old ', 20);
    await log.received(20);
    await member.commit([{ ...at, offset: 20n }]);

    await makeAnew(at.topic);
    const after = await bench.connect();
    const fresh = await bench.produceSeries(after, at, 'new ', 8);

    await eventually(bench.timing.deadlineMs, () => expect(log.texts.slice(20)).toEqual(fresh));
    // A group whose leader looks while the topic is gone shares it out anew.
    const { position } = log.assignmentOf(at) ?? {};
    expect(log.resets.length > 0 ? log.resets : [{ ...at, position, after: 20 }]).toEqual([
      { ...at, position: 0n, after: 20 },
    ]);
  });

  remade('tells of a topic that was made anew with fewer partitions', async () => {
    const { connection, events } = await bench.open();
    const [at] = await bench.createTopic(connection, 4);
    const log = bench.recordLog();
    await connection.readPartition({ ...at!, from: 'latest' }, log.onRecords);

    await makeAnew(at!.topic, 2);

    await eventually(bench.timing.deadlineMs, () =>
      expect(events).toContainEqual({ type: 'partitions-changed', topic: at!.topic, from: 4, to: 2 }),
    );
    expect(await connection.partitionCount(at!.topic)).toBe(2);
  });
};
