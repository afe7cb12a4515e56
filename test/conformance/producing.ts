import { randomBytes } from 'node:crypto';
import { RpcStatus } from '../../lib/errors/status.js';
import type { DriverConnection } from '../../lib/driver/driver.js';
import type { ConsumerRecord, ProducerRecord, TopicPartition } from '../../lib/driver/record.js';
import { textOf } from './recorder.js';
import { records, series, type Workbench } from './workbench.js';

/** More than any clock of a test machine and of its broker differ. */
const CLOCK_SKEW_MS = 5_000;

export const describeProducing = (bench: Workbench): void => {
  /** Reads so many records of one partition, from its start. */
  const readBack = async (
    connection: DriverConnection,
    at: TopicPartition,
    count: number,
  ): Promise<readonly ConsumerRecord[]> => {
    const log = bench.recordLog();
    const reader = await connection.readPartition({ ...at, from: 0n }, log.onRecords);
    const read = await log.received(count);
    await reader.close();
    return read;
  };

  it('appends batches to several topics and partitions, each in the order asked for', async () => {
    const connection = await bench.connect();
    const partitions = [...(await bench.createTopic(connection, 3)), await bench.createPartition(connection)];
    const rounds = series('record ', 50);

    const produced = rounds.flatMap((text) =>
      partitions.map((at) => connection.produce(records(at, [text]), { acks: -1 })),
    );
    await Promise.all(produced);

    for (const at of partitions) {
      const read = await readBack(connection, at, rounds.length);
      expect(read.map(textOf)).toEqual(rounds);
      expect(read.map(({ offset }) => offset)).toEqual(rounds.map((_, index) => BigInt(index)));
      expect(read.map(({ topic, partition }) => ({ topic, partition }))).toEqual(rounds.map(() => at));
    }
  });

  it('acknowledges each batch with the offset of its first record', async () => {
    const connection = await bench.connect();
    const [first, second] = await bench.createTopic(connection, 2);
    await bench.produceTexts(connection, first!, ['a', 'b', 'c']);

    const acks = await Promise.all([
      bench.produceTexts(connection, first!, ['d', 'e']),
      bench.produceTexts(connection, second!, ['f']),
      bench.produceTexts(connection, first!, ['g']),
    ]);

    expect(acks).toMatchObject([
      { ...first!, baseOffset: 3n },
      { ...second!, baseOffset: 0n },
      { ...first!, baseOffset: 5n },
    ]);
  });

  it('tells each batch’s outcome by itself: what is wrong with one is not the fate of others', async () => {
    const connection = await bench.connect();
    const [good, bad] = [await bench.createPartition(connection), await bench.createPartition(connection)];

    const outcomes = await Promise.allSettled([
      bench.produceTexts(connection, good, ['a']),
      connection.produce([{ ...bad, value: randomBytes(2_000_000) }], { acks: -1 }),
      bench.produceTexts(connection, bad, ['b']),
      bench.produceTexts(connection, good, ['c']),
    ]);

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect((await readBack(connection, good, 2)).map(textOf)).toEqual(['a', 'c']);
    expect((await readBack(connection, bad, 1)).map(textOf)).toEqual(['b']);
    const { reason } = outcomes[1] as PromiseRejectedResult;
    expect(reason).toMatchObject({ status: RpcStatus.RESOURCE_EXHAUSTED, retryable: false });
    expect((reason as Error).message).toContain(bad.topic);
    expect((reason as Error).message).not.toContain(good.topic);
  });

  it('appends in place of a batch that is too large what is produced instead, before what was asked for later', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const instead: Promise<unknown>[] = [];

    const tooLarge = connection.produce([{ ...at, value: randomBytes(2_000_000) }], {
      acks: -1,
      onTooLarge: async (place) => {
        await Promise.resolve();
        for (const text of ['b1', 'b2']) instead.push(place.produce(records(at, [text]), { acks: -1 }));
      },
    });
    const produced = [
      bench.produceTexts(connection, at, ['c']),
      expect(tooLarge).rejects.toMatchObject({ status: RpcStatus.RESOURCE_EXHAUSTED }),
    ];

    await Promise.all(produced);
    await Promise.all(instead);
    expect((await readBack(connection, at, 3)).map(textOf)).toEqual(['b1', 'b2', 'c']);
  });

  it('tells the append time of a topic that keeps it, the same to the producer and to the reader', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    const before = Date.now();
    const ack = await bench.produceTexts(connection, at, ['now']);
    const [record] = await readBack(connection, at, 1);

    expect(ack.appendTimeMs).toBe(record!.timestampMs);
    expect(ack.appendTimeMs).toBeGreaterThan(before - CLOCK_SKEW_MS);
    expect(ack.appendTimeMs).toBeLessThan(Date.now() + CLOCK_SKEW_MS);
  });

  it('tells no append time of a topic that does not keep it, and still a timestamp', async () => {
    const connection = await bench.connect();
    const spec = bench.topicSpec({ config: { 'message.timestamp.type': 'CreateTime' } });
    const at = { topic: spec.topic, partition: 0 };
    await connection.ensureTopics([spec], { create: true });

    const before = Date.now();
    const ack = await bench.produceTexts(connection, at, ['now']);
    const [record] = await readBack(connection, at, 1);

    expect(ack.appendTimeMs).toBe(-1);
    expect(record!.timestampMs).toBeGreaterThan(before - CLOCK_SKEW_MS);
  });

  it('takes the acknowledgement of the leader alone', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    const ack = await connection.produce(records(at, ['a']), { acks: 1 });

    expect(ack).toMatchObject({ ...at, baseOffset: 0n });
    expect((await readBack(connection, at, 1)).map(textOf)).toEqual(['a']);
  });

  it('refuses a batch of no records, and one of several partitions, and appends nothing of it', async () => {
    const connection = await bench.connect();
    const [first, second] = await bench.createTopic(connection, 2);

    for (const batch of [[], [...records(first!, ['a']), ...records(second!, ['b'])]]) {
      await expect(connection.produce(batch, { acks: -1 })).rejects.toMatchObject({
        status: RpcStatus.INVALID_ARGUMENT,
      });
    }
    expect(await bench.produceTexts(connection, first!, ['c'])).toMatchObject({ baseOffset: 0n });
  });

  it('keeps keys and values byte by byte, and tells empty from null', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const given: ProducerRecord[] = [
      { ...at, key: everyByte, value: everyByte },
      { ...at, key: Buffer.alloc(0), value: Buffer.alloc(0) },
      { ...at, key: null, value: null },
      { ...at, value: randomBytes(100_000) },
    ];

    await connection.produce(given, { acks: -1 });
    const read = await readBack(connection, at, given.length);

    expect(read.map(({ key }) => key)).toEqual([everyByte, Buffer.alloc(0), null, null]);
    expect(read.map(({ value }) => value)).toEqual(given.map(({ value }) => value));
  });

  it('keeps headers byte by byte', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const headers = {
      binary: Buffer.from([0, 255, 128, 10]),
      empty: Buffer.alloc(0),
      'with-ünicode': Buffer.from('✓'),
    };

    await connection.produce([{ ...at, value: Buffer.from('a'), headers }, ...records(at, ['b'])], {
      acks: -1,
    });
    const [withHeaders, without] = await readBack(connection, at, 2);

    expect(withHeaders!.headers).toEqual(headers);
    expect(without!.headers).toEqual({});
  });

  it('writes a header more than once that is given as an array', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const headers = { repeated: ['one', 'two'].map((text) => Buffer.from(text)), single: Buffer.from('x') };

    await connection.produce([{ ...at, value: null, headers }], { acks: -1 });

    const [record] = await readBack(connection, at, 1);
    expect(record!.headers).toEqual(headers);
  });

  const repeated = bench.harness.produceRepeatedHeader === undefined ? it.skip : it;
  repeated('gives a header that stands more than once as an array, in order', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const values = ['one', 'two', 'three'].map((text) => Buffer.from(text));

    await bench.harness.produceRepeatedHeader?.(at, 'repeated', values);

    const [record] = await readBack(connection, at, 1);
    expect(record!.headers['repeated']).toEqual(values);
  });

  it('is not affected when the caller uses its buffers again', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);
    const value = Buffer.from('before');

    await connection.produce([{ ...at, value }], { acks: -1 });
    value.write('after!');

    expect((await readBack(connection, at, 1)).map(textOf)).toEqual(['before']);
  });

  it('refuses a batch that the broker finds too large, and produces on', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    const tooLarge = connection.produce([{ ...at, value: randomBytes(2_000_000) }], { acks: -1 });

    await expect(tooLarge).rejects.toMatchObject({ status: RpcStatus.RESOURCE_EXHAUSTED });
    const ack = await bench.produceTexts(connection, at, ['small']);
    expect(ack.baseOffset).toBe(0n);
  });

  it('knows the leader of a partition that it produced to, and none of a topic that is not there', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    await bench.produceTexts(connection, at, ['a']);

    expect(connection.leaderOf(at)).toEqual(expect.any(Number));
    expect(connection.leaderOf({ topic: bench.uniqueName('missing'), partition: 0 })).toBeUndefined();
  });
};
