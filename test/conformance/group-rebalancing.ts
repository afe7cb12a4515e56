import type { TopicPartition } from '../../lib/driver/record.js';
import { RpcStatus } from '../../lib/errors/status.js';
import { eventually } from './eventually.js';
import { nameOf, namesOf, textOf } from './recorder.js';
import type { JoinedMember, Workbench } from './workbench.js';

/** What a rebalance costs those that it does not concern, and the order in which it tells the others. */
export const describeGroupRebalancing = (bench: Workbench): void => {
  const settled = (partitions: readonly TopicPartition[], members: readonly JoinedMember[]): Promise<void> =>
    eventually(bench.timing.deadlineMs, () =>
      expect(members.flatMap(({ log }) => log.holding).sort()).toEqual(namesOf(partitions)),
    );

  const owning = async (partitions: readonly TopicPartition[], groupId?: string): Promise<JoinedMember> => {
    const member = await bench.join(bench.groupOptions(partitions, groupId));
    await member.log.holds(partitions);
    return member;
  };

  /** One member that owns all, and a second one that joins and waits: the first does not give up what moves until `release`. */
  const midway = async (partitions: readonly TopicPartition[]) => {
    const groupId = bench.uniqueName('group');
    const first = await owning(partitions, groupId);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const begun = new Promise<void>((resolve) => {
      first.log.beforeRebalance = () => {
        resolve();
        return released;
      };
    });
    const joining = bench.join(bench.groupOptions(partitions, groupId));
    await begun;
    const moving = partitions.filter((at) => first.log.moving.has(nameOf(at)));
    const staying = partitions.filter((at) => !first.log.moving.has(nameOf(at)));
    return { first, moving, staying, joining, release };
  };

  it('reads what stays while what moves is finished', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 4);

    const { first, moving, staying, joining, release } = await midway(partitions);
    for (const at of staying) await bench.produceTexts(producer, at, [`during ${nameOf(at)}`]);

    const during = await first.log.received(staying.length, bench.timing.promptMs);
    expect(during.map(nameOf).sort()).toEqual(namesOf(staying));
    expect([staying.length, moving.length]).toEqual([2, 2]);
    release();
    const second = await joining;
    await settled(partitions, [first, second]);
    expect(first.log.holding).toEqual(namesOf(staying));
  });

  it('takes commits of what stays while what moves is finished', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 2);
    for (const at of partitions) await bench.produceTexts(producer, at, ['a']);

    const { first, staying, joining, release } = await midway(partitions);
    await first.member.commit([{ ...staying[0]!, offset: 1n, metadata: 'midway' }]);
    release();
    const second = await joining;
    await settled(partitions, [first, second]);
    await first.connection.close();
    await second.log.holds(partitions);

    expect(second.log.assignmentOf(staying[0]!)).toMatchObject({ position: 1n, metadata: 'midway' });
  });

  it('gives nothing to its new owner before the old one has given it up', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 6);
    const groupId = bench.uniqueName('group');
    const first = await owning(partitions, groupId);

    const second = await bench.join(bench.groupOptions(partitions, groupId));
    await settled(partitions, [first, second]);
    const third = await bench.join(bench.groupOptions(partitions, groupId));
    await settled(partitions, [first, second, third]);

    for (const { log } of [second, third]) {
      for (const { name, tick } of log.told.filter(({ what }) => what === 'assigned')) {
        const givenUp = [first, second]
          .flatMap((owner) => owner.log.told)
          .filter((told) => told.what === 'revoked' && told.name === name && told.tick < tick);
        expect([name, givenUp.length]).not.toEqual([name, 0]);
      }
    }
  });

  it('says nothing to a member that loses nothing when another leaves', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 4);
    const groupId = bench.uniqueName('group');
    const first = await owning(partitions, groupId);
    const second = await bench.join(bench.groupOptions(partitions, groupId));
    await settled(partitions, [first, second]);
    const before = first.log.rebalances;

    await second.connection.close();
    await first.log.holds(partitions);

    expect(first.log.rebalances).toBe(before);
    expect(first.log.losses).toEqual([]);
  });

  it('refuses the commit of a partition that the member does not have, and takes none of its company', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 2);
    const groupId = bench.uniqueName('group');
    const first = await owning(partitions, groupId);
    const second = await bench.join(bench.groupOptions(partitions, groupId));
    await settled(partitions, [first, second]);
    const [mine] = first.member.assignment;
    const [foreign] = second.member.assignment;

    const commit = first.member.commit([
      { ...mine!, offset: 0n, metadata: 'not taken' },
      { ...foreign!, offset: 0n },
    ]);

    await expect(commit).rejects.toMatchObject({ status: RpcStatus.ABORTED });
    await first.connection.close();
    await second.log.holds(partitions);
    expect(second.log.assignmentOf(mine!)).toMatchObject({ metadata: '' });
  });

  it('shares each topic among those who read it, when members read different ones', async () => {
    const producer = await bench.connect();
    const [orders, audits] = [await bench.createTopic(producer, 4), await bench.createTopic(producer, 2)];
    const groupId = bench.uniqueName('group');
    const ofOrders = await owning(orders, groupId);

    const ofAudits = await bench.join(bench.groupOptions(audits, groupId));
    const ofBoth = await bench.join(bench.groupOptions([...orders, ...audits], groupId));
    await settled([...orders, ...audits], [ofOrders, ofAudits, ofBoth]);

    expect(ofOrders.log.holding).toHaveLength(2);
    expect(ofAudits.log.holding).toHaveLength(1);
    expect(ofBoth.log.holding).toHaveLength(3);
    for (const at of [...orders, ...audits]) await bench.produceTexts(producer, at, [nameOf(at)]);
    for (const { log } of [ofOrders, ofAudits, ofBoth])
      expect((await log.received(log.holding.length)).map(textOf).sort()).toEqual(log.holding);
  });

  it('tells how large the group is, and one of its members what all say of themselves', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 1);
    const groupId = bench.uniqueName('group');
    const joinSaying = (text: string): Promise<JoinedMember> =>
      bench.join({ ...bench.groupOptions(partitions, groupId), memberData: Buffer.from(text) });

    const members = [await joinSaying('one'), await joinSaying('two')];

    const views = () => members.map(({ log }) => log.views.at(-1));
    await eventually(bench.timing.deadlineMs, () =>
      expect(views()).toEqual([
        expect.objectContaining({ members: 2, partitions: 1, owned: 1 }),
        expect.objectContaining({ members: 2, partitions: 1, owned: 0 }),
      ]),
    );
    const said = views().flatMap((view) => view?.memberData ?? []);
    expect(said.map(String).sort()).toEqual(['one', 'two']);
  });
};
