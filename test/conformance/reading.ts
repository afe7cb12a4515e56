import { textOf } from './recorder.js';
import { series, type Workbench } from './workbench.js';

export const describeReading = (bench: Workbench): void => {
  it('reads from the end: nothing from before, and nothing missed from then on', async () => {
    const [producer, reading] = [await bench.connect(), await bench.connect()];
    const at = await bench.createPartition(producer);
    await bench.produceSeries(producer, at, 'before ', 3);

    const log = bench.recordLog();
    const reader = await reading.readPartition({ ...at, from: 'latest' }, log.onRecords);
    const after = await bench.produceSeries(producer, at, 'after ', 3);

    expect(reader.startOffset).toBe(3n);
    expect((await log.receivedOnly(3)).map(textOf)).toEqual(after);
  });

  it('reads from the start: what is there, and what comes', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const there = await bench.produceSeries(connection, at, 'there ', 3);

    const log = bench.recordLog();
    const reader = await connection.readPartition({ ...at, from: 'earliest' }, log.onRecords);
    const come = await bench.produceSeries(connection, at, 'come ', 3);

    expect(reader.startOffset).toBe(0n);
    expect((await log.receivedOnly(6)).map(textOf)).toEqual([...there, ...come]);
  });

  it('reads an empty partition from its end, which is its start', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    const log = bench.recordLog();
    const reader = await connection.readPartition({ ...at, from: 'latest' }, log.onRecords);
    await bench.produceTexts(connection, at, ['first']);

    expect(reader.startOffset).toBe(0n);
    expect((await log.received(1)).map(textOf)).toEqual(['first']);
  });

  it('reads from an offset on, first what is there and then what comes', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const there = await bench.produceSeries(connection, at, 'there ', 1_500);

    const log = bench.recordLog();
    const reader = await connection.readPartition({ ...at, from: 2n }, log.onRecords);
    await log.received(there.length - 2);
    const come = await bench.produceSeries(connection, at, 'come ', 10);

    expect(reader.startOffset).toBe(2n);
    expect((await log.receivedOnly(there.length - 2 + come.length)).map(textOf)).toEqual([
      ...there.slice(2),
      ...come,
    ]);
    expect(log.records.map(({ offset }) => offset)).toEqual(log.records.map((_, index) => BigInt(index + 2)));
  });

  it('delivers at once what is produced one by one', async () => {
    const [producer, reading] = [await bench.connect(), await bench.connect()];
    const at = await bench.createPartition(producer);
    const log = bench.recordLog();
    await reading.readPartition({ ...at, from: 'latest' }, log.onRecords);
    await bench.produceTexts(producer, at, ['warm up']);
    await log.received(1);

    for (const [index, text] of series('record ', 10).entries()) {
      await bench.produceTexts(producer, at, [text]);
      await log.received(index + 2, bench.timing.promptMs);
    }
  });

  it('has two readers on one connection, each with its own partition', async () => {
    const connection = await bench.connect();
    const [first, second] = await bench.createTopic(connection, 2);
    const [firstLog, secondLog] = [bench.recordLog(), bench.recordLog()];
    await connection.readPartition({ ...first!, from: 'latest' }, firstLog.onRecords);
    await connection.readPartition({ ...second!, from: 'latest' }, secondLog.onRecords);

    const forFirst = await bench.produceSeries(connection, first!, 'first ', 5);
    const forSecond = await bench.produceSeries(connection, second!, 'second ', 5);

    expect((await firstLog.receivedOnly(5)).map(textOf)).toEqual(forFirst);
    expect((await secondLog.receivedOnly(5)).map(textOf)).toEqual(forSecond);
  });

  it('has two readers of one partition, each with its own place', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const early = await bench.produceSeries(connection, at, 'early ', 5);
    const [all, latest] = [bench.recordLog(), bench.recordLog()];
    await connection.readPartition({ ...at, from: 0n }, all.onRecords);
    await connection.readPartition({ ...at, from: 'latest' }, latest.onRecords);

    const late = await bench.produceSeries(connection, at, 'late ', 5);

    expect((await all.receivedOnly(10)).map(textOf)).toEqual([...early, ...late]);
    expect((await latest.receivedOnly(5)).map(textOf)).toEqual(late);
  });

  it('gives each reader bytes of its own', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    await bench.produceTexts(connection, at, ['untouched']);
    const [first, second] = [bench.recordLog(), bench.recordLog()];

    await connection.readPartition({ ...at, from: 0n }, first.onRecords);
    (await first.received(1))[0]!.value!.fill(0);
    await connection.readPartition({ ...at, from: 0n }, second.onRecords);

    expect((await second.received(1)).map(textOf)).toEqual(['untouched']);
  });

  it('does not call a reader that was closed, and reads on for the other', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const [closedLog, openLog] = [bench.recordLog(), bench.recordLog()];
    const closed = await connection.readPartition({ ...at, from: 'latest' }, closedLog.onRecords);
    await connection.readPartition({ ...at, from: 'latest' }, openLog.onRecords);
    await bench.produceTexts(connection, at, ['a']);
    await Promise.all([closedLog.received(1), openLog.received(1)]);

    await Promise.all([closed.close(), closed.close()]);
    await closed.close();
    await bench.produceTexts(connection, at, ['b']);

    await openLog.received(2);
    await closedLog.staysAsItIs();
    expect(closedLog.texts).toEqual(['a']);
  });

  it('does not call a reader that is closed while records are on their way to it', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const log = bench.recordLog();
    const reader = await connection.readPartition({ ...at, from: 'latest' }, log.onRecords);

    await bench.produceSeries(connection, at, 'record ', 100);
    await reader.close();

    await log.staysAsItIs();
  });

  const dropped = bench.harness.dropRecordsBefore === undefined ? it.skip : it;
  dropped('goes on at the start of the log when its place was dropped, and says so', async () => {
    const { connection, events } = await bench.open();
    const at = await bench.createPartition(connection);
    const texts = await bench.produceSeries(connection, at, 'record ', 10);
    await bench.harness.dropRecordsBefore?.(at, 6n);

    const log = bench.recordLog();
    await connection.readPartition({ ...at, from: 2n }, log.onRecords);

    expect((await log.receivedOnly(4)).map(textOf)).toEqual(texts.slice(6));
    expect(events).toContainEqual({ type: 'position-lost', ...at, from: 2n, to: 6n, reason: 'retention' });
  });
};
