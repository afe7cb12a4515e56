import { setTimeout as delay } from 'node:timers/promises';
import type { TopicPartition } from '../../lib/driver/record.js';
import { nameOf, namesOf, textOf } from './recorder.js';
import type { Workbench } from './workbench.js';

/** What one member of a group reads, commits, and does while paused. */
export const describeGroupReading = (bench: Workbench): void => {
  it('knows its first assignment when it has joined, and is told of it before the first record', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 3);
    for (const at of partitions) await bench.produceTexts(producer, at, [nameOf(at)]);

    const { member, log } = await bench.join(bench.groupOptions(partitions));

    expect(namesOf(member.assignment)).toEqual(namesOf(partitions));
    expect(log.holding).toEqual(namesOf(partitions));
    expect(log.revocations).toEqual([]);
    await log.receivedOnly(3);
  });

  it('reads from the start of the log when nothing is committed', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const texts = await bench.produceSeries(producer, at, 'record ', 5);

    const { log } = await bench.join(bench.groupOptions([at]));

    expect((await log.receivedOnly(5)).map(textOf)).toEqual(texts);
    expect(log.assignments).toEqual([{ ...at, position: 0n, metadata: '' }]);
  });

  it('keeps the order of each partition', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 3);
    const { log } = await bench.join(bench.groupOptions(partitions));

    for (const prefix of ['a ', 'b ', 'c ']) {
      for (const at of partitions) await bench.produceSeries(producer, at, prefix, 200);
    }

    await log.receivedOnly(1_800);
    for (const at of partitions) {
      expect(log.of(at).map(({ offset }) => offset)).toEqual(
        Array.from({ length: 600 }, (_, i) => BigInt(i)),
      );
    }
  });

  it('delivers at once what is produced one by one', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const { log } = await bench.join(bench.groupOptions([at]));
    await bench.produceTexts(producer, at, ['warm up']);
    await log.received(1);

    for (let count = 2; count <= 10; count++) {
      await bench.produceTexts(producer, at, [`record ${count}`]);
      await log.received(count, bench.timing.promptMs);
    }
  });

  it('reads several topics', async () => {
    const producer = await bench.connect();
    const partitions = [
      ...(await bench.createTopic(producer, 2)),
      ...(await bench.createTopic(producer, 1)),
      ...(await bench.createTopic(producer, 1)),
    ];
    const { log } = await bench.join(bench.groupOptions(partitions));

    for (const at of partitions) await bench.produceTexts(producer, at, [nameOf(at)]);

    expect(log.holding).toEqual(namesOf(partitions));
    expect((await log.receivedOnly(partitions.length)).map(textOf).sort()).toEqual(namesOf(partitions));
  });

  it('resumes from the commit, and gives back its metadata', async () => {
    const producer = await bench.connect();
    const [first, second] = await bench.createTopic(producer, 2);
    const options = bench.groupOptions([first!, second!]);
    const texts = await bench.produceSeries(producer, first!, 'record ', 5);
    const before = await bench.join(options);
    await before.log.received(5);

    const metadata = 'm'.repeat(4_096);
    await before.member.commit([{ ...first!, offset: 2n, metadata }]);
    await before.member.close();
    const after = await bench.join(options);

    expect(after.log.assignmentOf(first!)).toEqual({ ...first!, position: 2n, metadata });
    expect(after.log.assignmentOf(second!)).toEqual({ ...second!, position: 0n, metadata: '' });
    expect((await after.log.receivedOnly(3)).map(textOf)).toEqual(texts.slice(2));
  });

  it('replaces a commit by a later one, metadata and all', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const options = bench.groupOptions([at]);
    await bench.produceSeries(producer, at, 'record ', 5);
    const before = await bench.join(options);

    await before.member.commit([{ ...at, offset: 2n, metadata: 'early' }]);
    await before.member.commit([{ ...at, offset: 5n }]);
    await before.member.commit([]);
    await before.connection.close();
    const after = await bench.join(options);

    expect(after.log.assignments).toEqual([{ ...at, position: 5n, metadata: '' }]);
    await after.log.staysAsItIs();
    expect(after.log.records).toEqual([]);
  });

  it('does not move its place by a commit', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const { member, log } = await bench.join(bench.groupOptions([at]));
    await bench.produceSeries(producer, at, 'early ', 5);
    await log.received(5);

    await member.commit([{ ...at, offset: 1n }]);
    await bench.produceSeries(producer, at, 'late ', 5);

    const offsets = (await log.receivedOnly(10)).map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)));
  });

  it('delivers nothing new while paused, and reads on at once when resumed, without loss or repeat', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const { member, log } = await bench.join(bench.groupOptions([at]));
    await bench.produceTexts(producer, at, ['before']);
    await log.received(1);

    member.pause();
    // A fetch that was under way when reading paused may end with this record.
    await bench.produceTexts(producer, at, ['under way']);
    await delay(bench.timing.quietMs);
    const late = await bench.produceSeries(producer, at, 'late ', 20);
    await log.staysAsItIs();
    expect(log.texts).not.toContain(late[0]);
    member.resume();

    await log.received(22, bench.timing.promptMs);
    expect((await log.receivedOnly(22)).map(textOf)).toEqual(['before', 'under way', ...late]);
  });

  it('pauses one partition and reads the others, and forgets the pause when the partition moves', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 2);
    const [still, other] = partitions as [TopicPartition, TopicPartition];
    const options = bench.groupOptions(partitions);
    const { member, log } = await bench.join(options);

    member.pause([still]);
    // A fetch that was under way when reading paused may end with this record.
    await bench.produceTexts(producer, still, ['under way']);
    await delay(bench.timing.quietMs);
    await bench.produceTexts(producer, still, ['late']);
    await bench.produceTexts(producer, other, ['a', 'b']);
    await log.received(2);
    await log.staysAsItIs();
    expect(log.of(other).map(textOf)).toEqual(['a', 'b']);
    expect(log.texts).not.toContain('late');
    member.resume([still]);
    await log.received(4, bench.timing.promptMs);
    expect(log.of(still).map(textOf)).toEqual(['under way', 'late']);

    member.pause(partitions);
    member.pause();
    member.resume();
    await bench.produceTexts(producer, still, ['held']);
    await delay(bench.timing.quietMs);
    await bench.produceTexts(producer, still, ['held, too']);
    await member.close();
    const next = await bench.join(options);
    await next.log.received(4);
    expect(next.log.texts).toContain('held, too');
  });

  it('pauses and resumes any number of times under load, without loss or repeat', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const { member, log } = await bench.join(bench.groupOptions([at]));

    for (let round = 0; round < 20; round++) {
      member.pause();
      await bench.produceSeries(producer, at, `round ${round} `, 10);
      member.resume();
      member.resume();
    }

    const offsets = (await log.receivedOnly(200)).map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)));
  });

  it('remains a member for longer than its session while paused', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const { member, log } = await bench.join(bench.groupOptions([at]));

    member.pause();
    await delay(bench.timing.sessionTimeoutMs * 1.3);
    await member.commit([{ ...at, offset: 0n }]);
    member.resume();

    await bench.produceTexts(producer, at, ['a']);
    expect((await log.receivedOnly(1)).map(textOf)).toEqual(['a']);
    expect(log.rebalances).toBe(0);
    expect(log.revocations).toEqual([]);
  });

  it('stays paused through a rebalance', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 2);
    const options = bench.groupOptions(partitions);
    const [first, second] = [await bench.join(options), await bench.join(options)];
    await first.log.holdsCount(1);

    first.member.pause();
    await second.member.close();
    await first.log.holds(partitions);
    // A fetch that was under way when reading paused may outlast the rebalance.
    await delay(bench.timing.quietMs);
    for (const at of partitions) await bench.produceTexts(producer, at, [nameOf(at)]);
    await first.log.staysAsItIs();
    expect(first.log.records).toEqual([]);
    first.member.resume();

    expect((await first.log.receivedOnly(2)).map(textOf).sort()).toEqual(namesOf(partitions));
  });
};
