import type { DriverConnection, PartitionReader } from '../../lib/driver/driver.js';
import { RpcStatus } from '../../lib/errors/status.js';
import { within } from './eventually.js';
import { textOf } from './recorder.js';
import { records, type Workbench } from './workbench.js';

const PROMPT_CLOSE_MS = 1_500;
const OUTAGE_CLOSE_MS = 5_000;

/** `close()` in every state that a connection can be in. */
export const describeClosing = (bench: Workbench): void => {
  const closePromptly = (connection: DriverConnection, maxMs = PROMPT_CLOSE_MS): Promise<void> =>
    within(maxMs, 'close', connection.close());

  const UNAVAILABLE = { status: RpcStatus.UNAVAILABLE };

  /** What closing does to an operation that is under way: it ended before, or it fails. */
  const endsOrIsUnavailable = async (operation: Promise<unknown>): Promise<void> => {
    const outcome = await within(
      bench.timing.deadlineMs,
      'settling',
      operation.then(() => undefined).catch(asIs),
    );
    if (outcome !== undefined) expect(outcome).toMatchObject(UNAVAILABLE);
  };
  const asIs = (error: unknown): unknown => error;

  it('closes a connection that did nothing, and one that produced', async () => {
    const [idle, producing] = [await bench.connect(), await bench.connect()];
    const at = await bench.createPartition(producing);
    await bench.produceTexts(producing, at, ['a']);

    await closePromptly(idle);
    await closePromptly(producing);
  });

  it('closes readers and members that are idle, after which none is called', async () => {
    const [producer, connection] = [await bench.connect(), await bench.connect()];
    const at = await bench.createPartition(producer);
    const [readerLog, groupLog] = [bench.recordLog(), bench.groupLog()];
    await connection.readPartition({ ...at, from: 'latest' }, readerLog.onRecords);
    await connection.joinGroup(bench.groupOptions([at]), groupLog);
    await bench.produceTexts(producer, at, ['before']);
    await Promise.all([readerLog.received(1), groupLog.received(1)]);

    await closePromptly(connection);
    await bench.produceTexts(producer, at, ['after']);

    await Promise.all([readerLog.staysAsItIs(), groupLog.staysAsItIs()]);
    expect([...readerLog.texts, ...groupLog.texts]).toEqual(['before', 'before']);
  });

  it('may be closed twice, at the same time and later', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const reader = await connection.readPartition({ ...at, from: 'latest' }, () => undefined);
    const member = await connection.joinGroup(bench.groupOptions([at]), bench.groupLog());

    await Promise.all([closePromptly(connection), closePromptly(connection)]);
    await closePromptly(connection);

    await Promise.all([reader.close(), member.close()]);
  });

  it('fails with UNAVAILABLE once it is closed', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    await connection.close();

    const attempts: Promise<unknown>[] = [
      connection.ensureTopics([bench.topicSpec()], { create: true }),
      connection.partitionCount(at.topic),
      connection.produce(records(at, ['a']), { acks: -1 }),
      connection.readPartition({ ...at, from: 'latest' }, () => undefined),
      connection.joinGroup(bench.groupOptions([at]), bench.groupLog()),
    ];

    await Promise.all(attempts.map((attempt) => expect(attempt).rejects.toMatchObject(UNAVAILABLE)));
  });

  it('fails with UNAVAILABLE from the moment that close is called', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    const closing = connection.close();
    const late = expect(connection.produce(records(at, ['a']), { acks: -1 })).rejects.toMatchObject(
      UNAVAILABLE,
    );

    await Promise.all([closing, late]);
  });

  it('closes while a reader opens', async () => {
    const [producer, connection] = [await bench.connect(), await bench.connect()];
    const at = await bench.createPartition(producer);
    const log = bench.recordLog();

    const opening: Promise<PartitionReader> = connection.readPartition(
      { ...at, from: 'latest' },
      log.onRecords,
    );
    const settled = endsOrIsUnavailable(opening);
    await closePromptly(connection);
    await settled;
    await bench.produceTexts(producer, at, ['a']);

    await log.staysAsItIs();
    expect(log.records).toEqual([]);
  });

  it('closes while a member joins, and leaves no member behind', async () => {
    const [producer, connection] = [await bench.connect(), await bench.connect()];
    const partitions = await bench.createTopic(producer, 2);
    const options = bench.groupOptions(partitions);

    const settled = endsOrIsUnavailable(connection.joinGroup(options, bench.groupLog()));
    await closePromptly(connection);
    await settled;

    const other = await bench.join(options);
    await other.log.holds(partitions);
  });

  it('closes while it produces', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    const settled = endsOrIsUnavailable(bench.produceSeries(connection, at, 'record ', 100));
    await closePromptly(connection);

    await settled;
  });

  it('closes one member and keeps the rest of the connection', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const [groupLog, readerLog] = [bench.groupLog(), bench.recordLog()];
    const member = await connection.joinGroup(bench.groupOptions([at]), groupLog);
    await connection.readPartition({ ...at, from: 'latest' }, readerLog.onRecords);

    await within(PROMPT_CLOSE_MS, 'closing the member', Promise.all([member.close(), member.close()]));
    await bench.produceTexts(connection, at, ['after']);

    expect((await readerLog.received(1)).map(textOf)).toEqual(['after']);
    await groupLog.staysAsItIs();
    expect(groupLog.records).toEqual([]);
  });

  it('leaves other connections of the same driver open', async () => {
    const [closed, open] = [await bench.connect(), await bench.connect()];
    const at = await bench.createPartition(open);
    const log = bench.recordLog();
    await open.readPartition({ ...at, from: 'latest' }, log.onRecords);

    await closePromptly(closed);
    await bench.produceTexts(open, at, ['a']);

    expect((await log.received(1)).map(textOf)).toEqual(['a']);
  });

  it('closes promptly while the broker is away', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    await connection.readPartition({ ...at, from: 'latest' }, () => undefined);
    await connection.joinGroup(bench.groupOptions([at]), bench.groupLog());
    await bench.produceTexts(connection, at, ['a']);

    await bench.stopBroker();
    const producing = endsOrIsUnavailable(bench.produceTexts(connection, at, ['b']));
    await closePromptly(connection, OUTAGE_CLOSE_MS);

    await producing;
    await expect(bench.produceTexts(connection, at, ['c'])).rejects.toMatchObject(UNAVAILABLE);
  });

  it('stays closed when the broker is back', async () => {
    const { connection, events } = await bench.open();
    const producer = await bench.connect();
    const at = await bench.createPartition(connection);
    const [readerLog, groupLog] = [bench.recordLog(), bench.groupLog()];
    await connection.readPartition({ ...at, from: 'latest' }, readerLog.onRecords);
    await connection.joinGroup(bench.groupOptions([at]), groupLog);

    await bench.stopBroker();
    await closePromptly(connection, OUTAGE_CLOSE_MS);
    const told = events.length;
    await bench.startBroker();
    await bench.produceAtLast(producer, at, 'a');

    await Promise.all([readerLog.staysAsItIs(), groupLog.staysAsItIs()]);
    expect([...readerLog.records, ...groupLog.records]).toEqual([]);
    expect(events.slice(told)).toEqual([]);
  });
};
