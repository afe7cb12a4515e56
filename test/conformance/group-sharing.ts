import { setTimeout as delay } from 'node:timers/promises';
import type { TopicPartition } from '../../lib/driver/record.js';
import { RpcStatus } from '../../lib/errors/status.js';
import { eventually } from './eventually.js';
import { nameOf, namesOf, textOf } from './recorder.js';
import type { JoinedMember, Workbench } from './workbench.js';

/** A last commit that takes a moment, well within what a rebalance waits for. */
const LAST_WORK_MS = 30;

/** How the members of a group share partitions, and what they are told when the shares change. */
export const describeGroupSharing = (bench: Workbench): void => {
  /** Two members of one group, settled. */
  const joinTwo = async (
    partitions: readonly TopicPartition[],
    groupId = bench.uniqueName('group'),
  ): Promise<readonly [JoinedMember, JoinedMember]> => {
    const options = bench.groupOptions(partitions, groupId);
    const first = await bench.join(options);
    await first.log.holds(partitions);
    const second = await bench.join(options);
    await settled(partitions, [first, second]);
    return [first, second];
  };

  /** Waits until each partition is with exactly one of the members. */
  const settled = async (
    partitions: readonly TopicPartition[],
    members: readonly JoinedMember[],
  ): Promise<void> => {
    await eventually(bench.timing.deadlineMs, () =>
      expect(members.flatMap(({ log }) => log.holding).sort()).toEqual(namesOf(partitions)),
    );
  };

  const heldBy = ({ log }: JoinedMember, partitions: readonly TopicPartition[]): TopicPartition[] =>
    partitions.filter((at) => log.holding.includes(nameOf(at)));

  it('shares all partitions between two members, each with one owner', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 4);

    const [first, second] = await joinTwo(partitions);

    expect(first.log.holding).toHaveLength(2);
    expect(namesOf(first.member.assignment)).toEqual(first.log.holding);
    expect(namesOf(second.member.assignment)).toEqual(second.log.holding);
    for (const at of partitions) await bench.produceTexts(producer, at, [nameOf(at)]);
    for (const { log } of [first, second]) {
      expect((await log.receivedOnly(2)).map(textOf).sort()).toEqual(log.holding);
    }
  });

  it('tells the first member of the rebalance and of what it lost, once', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 4);

    const [first, second] = await joinTwo(partitions);

    expect(first.log.rebalances).toBeGreaterThanOrEqual(1);
    expect(namesOf(first.log.revocations)).toEqual(second.log.holding);
    expect(second.log.revocations).toEqual([]);
  });

  it('neither announces again nor reads again a partition that is kept through a rebalance', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 2);
    const options = bench.groupOptions(partitions);
    const first = await bench.join(options);
    for (const at of partitions) await bench.produceSeries(producer, at, `before ${nameOf(at)} `, 5);
    await first.log.received(10);

    const second = await bench.join(options);
    await settled(partitions, [first, second]);
    const [kept] = heldBy(first, partitions);
    await bench.produceSeries(producer, kept!, 'after ', 5);

    await first.log.receivedOnly(15);
    expect(first.log.of(kept!).map(({ offset }) => offset)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
    expect(namesOf(first.log.assignments)).toEqual(namesOf(partitions));
    expect(namesOf(first.log.revocations)).toEqual(second.log.holding);
  });

  it('reads on from the commit when a member leaves and the other takes over', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 2);
    const [first, second] = await joinTwo(partitions);
    const [moving] = heldBy(second, partitions);
    const texts = await bench.produceSeries(producer, moving!, 'record ', 5);
    await second.log.received(5);

    await second.member.commit([{ ...moving!, offset: 3n, metadata: 'two are left' }]);
    await second.member.close();
    await first.log.holds(partitions);

    expect(first.log.assignmentOf(moving!)).toMatchObject({ position: 3n, metadata: 'two are left' });
    await first.log.receivedOnly(2);
    expect(first.log.of(moving!).map(textOf)).toEqual(texts.slice(3));
  });

  it('lets others take over at once when a connection is closed', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 3);
    const [first, second] = await joinTwo(partitions);

    await first.connection.close();
    await second.log.holds(partitions);

    for (const at of partitions) await bench.produceTexts(producer, at, [nameOf(at)]);
    expect((await second.log.receivedOnly(3)).map(textOf).sort()).toEqual(namesOf(partitions));
  });

  it('waits for what a member commits before its partitions move', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 2);
    const options = bench.groupOptions(partitions);
    const first = await bench.join(options);
    for (const at of partitions) await bench.produceSeries(producer, at, 'before ', 4);
    await first.log.received(8);

    first.log.beforeRebalance = async () => {
      await delay(LAST_WORK_MS);
      await first.member.commit(partitions.map((at) => ({ ...at, offset: 4n, metadata: 'last chance' })));
    };
    const second = await bench.join(options);
    await settled(partitions, [first, second]);

    const [moved] = heldBy(second, partitions);
    expect(second.log.assignmentOf(moved!)).toMatchObject({ position: 4n, metadata: 'last chance' });
    await second.log.staysAsItIs();
    expect(second.log.records).toEqual([]);
  });

  it('refuses the commit of a partition that went to another member, and takes that of its own', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 2);
    const [first, second] = await joinTwo(partitions);
    const [lost] = heldBy(second, partitions);
    const [kept] = heldBy(first, partitions);
    await bench.produceTexts(producer, lost!, ['a']);
    await second.log.received(1);

    await second.member.commit([{ ...lost!, offset: 1n, metadata: 'by the owner' }]);
    await expect(first.member.commit([{ ...lost!, offset: 0n }])).rejects.toMatchObject({
      status: RpcStatus.ABORTED,
    });
    await first.member.commit([{ ...kept!, offset: 0n }]);

    await second.member.close();
    await first.log.holds(partitions);
    expect(first.log.assignmentOf(lost!)).toMatchObject({ position: 1n, metadata: 'by the owner' });
  });

  it('has a member without a partition when there are more members, which takes over later', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 1);
    const [first, second] = await joinTwo(partitions);
    const [owner, idle] = first.log.holding.length === 1 ? [first, second] : [second, first];

    expect(idle.member.assignment).toEqual([]);
    await owner.member.close();
    await idle.log.holds(partitions);

    await bench.produceTexts(producer, partitions[0]!, ['a']);
    expect((await idle.log.received(1)).map(textOf)).toEqual(['a']);
  });

  it('gives every group all records', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 1);
    const members = [
      await bench.join(bench.groupOptions(partitions)),
      await bench.join(bench.groupOptions(partitions)),
    ];

    const texts = await bench.produceSeries(producer, partitions[0]!, 'record ', 3);

    for (const { log } of members) expect((await log.receivedOnly(3)).map(textOf)).toEqual(texts);
  });
};
