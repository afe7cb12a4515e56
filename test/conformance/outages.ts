import type { DriverConnection } from '../../lib/driver/driver.js';
import type { TopicPartition } from '../../lib/driver/record.js';
import { RpcStatus } from '../../lib/errors/status.js';
import { eventually, within } from './eventually.js';
import { nameOf, textOf } from './recorder.js';
import { records, series, type Workbench } from './workbench.js';

/** What a crash and the return of the broker do to connections that are open. */
export const describeOutages = (bench: Workbench): void => {
  const restartBroker = async (): Promise<void> => {
    await bench.stopBroker();
    await bench.startBroker();
  };

  /** Produces one record after the other, and gives the offset of each that was acknowledged. */
  const produceEach = async (
    connection: DriverConnection,
    at: TopicPartition,
    texts: readonly string[],
  ): Promise<Map<bigint, string>> => {
    const acked = new Map<bigint, string>();
    for (const text of texts) acked.set((await bench.produceAtLast(connection, at, text)).baseOffset, text);
    return acked;
  };

  it('reads each record once and in order through a restart of the broker', async () => {
    const [producer, reading] = [await bench.connect(), await bench.connect()];
    const at = await bench.createPartition(producer);
    const log = bench.recordLog();
    await reading.readPartition({ ...at, from: 'latest' }, log.onRecords);
    const before = await produceEach(producer, at, series('before ', 5));
    await log.received(5);

    const unread = await produceEach(producer, at, ['on its way']);
    await restartBroker();
    const after = await produceEach(producer, at, series('after ', 5));

    const lastOffset = [...after.keys()].at(-1)!;
    await log.receivedOnly(Number(lastOffset) + 1);
    expect(log.records.map(({ offset }) => offset)).toEqual(log.records.map((_, index) => BigInt(index)));
    for (const [offset, text] of [...before, ...unread, ...after])
      expect(log.texts[Number(offset)]).toBe(text);
  });

  it('has the group read on after a restart of the broker, and misses nothing', async () => {
    const producer = await bench.connect();
    const partitions = await bench.createTopic(producer, 2);
    const options = bench.groupOptions(partitions);
    const { connection, log, member } = await bench.join(options);
    for (const at of partitions) await bench.produceTexts(producer, at, [`before ${nameOf(at)}`]);
    await log.received(2);

    await restartBroker();
    for (const at of partitions) await bench.produceAtLast(producer, at, `after ${nameOf(at)}`);

    const all = partitions.flatMap((at) => [`before ${nameOf(at)}`, `after ${nameOf(at)}`]);
    await eventually(bench.timing.deadlineMs, () => expect(new Set(log.texts)).toEqual(new Set(all)));
    await eventually(bench.timing.deadlineMs, () =>
      member.commit(partitions.map((at) => ({ ...at, offset: 2n, metadata: 'after' }))),
    );
    await connection.close();
    const next = await bench.join(options);
    expect(next.log.assignmentOf(partitions[1]!)).toMatchObject({ position: 2n, metadata: 'after' });
  });

  it('starts a group from its commit after a restart of the broker', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const options = bench.groupOptions([at]);
    const texts = await bench.produceSeries(producer, at, 'record ', 5);
    const before = await bench.join(options);
    await before.member.commit([{ ...at, offset: 3n, metadata: 'kept' }]);
    await before.connection.close();

    await restartBroker();
    const after = await bench.join(options);

    expect(after.log.assignments).toEqual([{ ...at, position: 3n, metadata: 'kept' }]);
    expect((await after.log.received(2)).map(textOf)).toEqual(texts.slice(3));
  });

  it('tells that the connection was lost and that it is back', async () => {
    const { connection, events } = await bench.open();
    const at = await bench.createPartition(connection);
    await connection.readPartition({ ...at, from: 'latest' }, () => undefined);
    const typesOf = (): string[] => events.map(({ type }) => type);
    expect(typesOf()).toContain('connected');

    await bench.stopBroker();
    await eventually(bench.timing.deadlineMs, () => expect(typesOf()).toContain('disconnected'));
    await bench.startBroker();
    await bench.produceAtLast(connection, at, 'back');

    await eventually(bench.timing.deadlineMs, () => expect(typesOf().at(-1)).toBe('connected'));
  });

  it('fails with UNAVAILABLE while the broker is away', async () => {
    const producer = await bench.connect();
    const at = await bench.createPartition(producer);
    const { member, log } = await bench.join(bench.groupOptions([at]));
    await bench.produceTexts(producer, at, ['before']);
    await log.received(1);
    const away = { status: RpcStatus.UNAVAILABLE };

    await bench.stopBroker();

    const lost = producer.produce(records(at, ['lost']), { acks: -1, timeoutMs: 1_000 });
    const attempts = [lost, member.commit([{ ...at, offset: 1n }])].map((attempt) =>
      expect(attempt).rejects.toMatchObject(away),
    );
    await within(bench.timing.deadlineMs, 'failing', Promise.all(attempts));
    expect(producer.leaderOf(at)).toEqual(expect.any(Number));
  });

  it('fails to connect to a broker that is away, names what it tried, and connects once it is back', async () => {
    await bench.stopBroker();

    const attempt = within(bench.timing.deadlineMs, 'connect', bench.connect());

    await expect(attempt).rejects.toMatchObject({
      status: RpcStatus.UNAVAILABLE,
      message: expect.stringContaining(bench.harness.address()),
    });
    await bench.startBroker();
    const connection = await eventually(bench.timing.deadlineMs, () => bench.connect());
    await bench.createPartition(connection);
  });
};
