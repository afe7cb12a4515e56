import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import type { ConsumerRecord, DriverConnection, ReadOptions } from 'nestjs-kafka-rpc';
import { readTail, type TailLimits } from '../../../../lib/server/duplicates/log-tail.js';
import { connectRaw } from '../../../support/raw-records.js';

const AT = { topic: 'requests', partition: 0 };
const NO_LIMIT: TailLimits = { sinceMs: 0, maxBytes: 1e9, signal: new AbortController().signal };

describe('readTail', () => {
  let nowMs: number;
  let connection: DriverConnection;
  let pages: bigint[][];
  let opened: ReadOptions[];

  beforeEach(async () => {
    nowMs = 1_000;
    pages = [];
    opened = [];
    const driver = memoryDriver({ now: () => nowMs, retentionRecords: 1_000 });
    connection = await connectRaw(driver);
    const spec = { ...AT, partitions: 1, replicationFactor: 1, config: {}, required: [] };
    await connection.ensureTopics([spec], { create: true });
    const read = connection.readPartition.bind(connection);
    connection.readPartition = (options, onRecords) => {
      opened.push(options);
      return read(options, onRecords);
    };
  });

  afterEach(() => connection.close());

  /** One a millisecond, of 10 bytes each. */
  const append = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++, nowMs++)
      await connection.produce([{ ...AT, value: Buffer.alloc(10), headers: {} }], { acks: -1 });
  };
  const take = (page: number, records: readonly ConsumerRecord[]): void =>
    void (pages[page] ??= []).push(...records.map(({ offset }) => offset));
  const tail = (end: bigint, limits: Partial<TailLimits> = {}): Promise<void> =>
    readTail(connection, { ...AT, end }, { ...NO_LIMIT, ...limits }, take);
  const offsets = (): number[] =>
    pages
      .toReversed()
      .flat()
      .map((offset) => Number(offset));
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

  it('has every record below the end once, in pages from the newest back', async () => {
    await append(700);
    await tail(600n);
    expect(offsets()).toEqual(range(0, 600));
    expect(pages.map(({ length }) => length)).toEqual([64, 256, 280]);
  });

  it('begins at the start of the log, where that is', async () => {
    await append(1_200);
    await tail(1_150n);
    expect(offsets()).toEqual(range(200, 1_150));
  });

  it('reads nothing where nothing is below', async () => {
    await append(1_200);
    await tail(200n);
    expect(opened.map(({ from }) => from)).toEqual(['earliest']);
  });

  it('ends with the page in which the oldest record of interest stands', async () => {
    await append(1_000);
    await tail(1_000n, { sinceMs: 1_000 + 900 });
    expect(pages.map(({ length }) => length)).toEqual([64, 256]);
  });

  it('ends when it has read as many bytes as it may', async () => {
    await append(1_000);
    await tail(1_000n, { maxBytes: 1_000 });
    expect(offsets()).toEqual(range(900, 1_000));
  });

  it('ends where it is when it is told to', async () => {
    await append(1_000);
    const ended = new AbortController();
    const read = tail(1_000n, { signal: ended.signal });
    ended.abort();
    await read;
    expect(offsets().length).toBeLessThan(1_000);
  });

  it('leaves no reader behind', async () => {
    await append(100);
    await tail(100n);
    await append(10);
    await new Promise((resolve) => setImmediate(resolve));
    expect(offsets()).toEqual(range(0, 100));
  });

  it('fails as the driver does', async () => {
    await append(10);
    await connection.close();
    await expect(tail(10n)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
  });
});
