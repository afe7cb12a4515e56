import { randomBytes } from 'node:crypto';
import { RpcStatus } from '../../lib/errors/status.js';
import type { DriverConnection } from '../../lib/driver/driver.js';
import type { ConsumerRecord, ProducerRecord, TopicPartition } from '../../lib/driver/record.js';
import { namesOf, textOf } from './recorder.js';
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

  it('appends a batch to several topics and partitions, each in the order given', async () => {
    const connection = await bench.connect();
    const partitions = [...(await bench.createTopic(connection, 3)), await bench.createPartition(connection)];
    const rounds = series('record ', 50);

    const batch = rounds.flatMap((text) => partitions.flatMap((at) => records(at, [text])));
    await connection.produce(batch, { acks: -1 });

    for (const at of partitions) {
      const read = await readBack(connection, at, rounds.length);
      expect(read.map(textOf)).toEqual(rounds);
      expect(read.map(({ offset }) => offset)).toEqual(rounds.map((_, index) => BigInt(index)));
      expect(read.map(({ topic, partition }) => ({ topic, partition }))).toEqual(rounds.map(() => at));
    }
  });

  it('acknowledges each partition with the offset of its first record', async () => {
    const connection = await bench.connect();
    const [first, second] = await bench.createTopic(connection, 2);
    await bench.produceTexts(connection, first!, ['a', 'b', 'c']);

    const batch = [...records(first!, ['d']), ...records(second!, ['e', 'f']), ...records(first!, ['g'])];
    const acks = await connection.produce(batch, { acks: -1 });

    expect(namesOf(acks)).toEqual(namesOf([first!, second!]));
    expect(acks.find(({ partition }) => partition === 0)?.baseOffset).toBe(3n);
    expect(acks.find(({ partition }) => partition === 1)?.baseOffset).toBe(0n);
  });

  it('tells the append time of a topic that keeps it, the same to the producer and to the reader', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    const before = Date.now();
    const [ack] = await bench.produceTexts(connection, at, ['now']);
    const [record] = await readBack(connection, at, 1);

    expect(ack!.appendTimeMs).toBe(record!.timestampMs);
    expect(ack!.appendTimeMs).toBeGreaterThan(before - CLOCK_SKEW_MS);
    expect(ack!.appendTimeMs).toBeLessThan(Date.now() + CLOCK_SKEW_MS);
  });

  it('tells no append time of a topic that does not keep it, and still a timestamp', async () => {
    const connection = await bench.connect();
    const spec = bench.topicSpec({ config: { 'message.timestamp.type': 'CreateTime' } });
    const at = { topic: spec.topic, partition: 0 };
    await connection.ensureTopics([spec], { create: true });

    const before = Date.now();
    const [ack] = await bench.produceTexts(connection, at, ['now']);
    const [record] = await readBack(connection, at, 1);

    expect(ack!.appendTimeMs).toBe(-1);
    expect(record!.timestampMs).toBeGreaterThan(before - CLOCK_SKEW_MS);
  });

  it('takes the acknowledgement of the leader alone', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    const [ack] = await connection.produce(records(at, ['a']), { acks: 1 });

    expect(ack).toMatchObject({ ...at, baseOffset: 0n });
    expect((await readBack(connection, at, 1)).map(textOf)).toEqual(['a']);
  });

  it('appends nothing for an empty batch', async () => {
    const connection = await bench.connect();

    expect(await connection.produce([], { acks: -1 })).toEqual([]);
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
    const [ack] = await bench.produceTexts(connection, at, ['small']);
    expect(ack!.baseOffset).toBe(0n);
  });

  it('knows the leader of a partition that it produced to, and none of a topic that is not there', async () => {
    const connection = await bench.connect();
    const at = await bench.createPartition(connection);

    await bench.produceTexts(connection, at, ['a']);

    expect(connection.leaderOf(at)).toEqual(expect.any(Number));
    expect(connection.leaderOf({ topic: bench.uniqueName('missing'), partition: 0 })).toBeUndefined();
  });
};
