import { Counters } from '../../../../lib/diagnostics/counters.js';
import { RpcError } from '../../../../lib/errors/rpc-error.js';
import { decodeFinishedMap } from '../../../../lib/server/commits/finished-map-decoder.js';
import type { FinishedMap } from '../../../../lib/server/commits/finished-map.js';
import { GroupConsumer } from '../../../../lib/server/group-consumer.js';
import { PartitionMoves } from '../../../../lib/server/partition-moves.js';
import type { RequestRecord } from '../../../../lib/server/request-record.js';
import { PlayedGroup } from '../../../support/group-members.js';
import { consumed } from '../../../support/raw-records.js';

const TOPIC = 'rpc.sum.requests';
const INTERVAL_MS = 200;
const PLACE = { topic: TOPIC, partition: 0 };

describe('what the commits of a group say above their offsets', () => {
  let group: PlayedGroup;
  let counters: Counters;
  let read: RequestRecord[];
  let warnings: string[];
  let consumer: GroupConsumer;

  const join = async (commitMetadataBytes: number): Promise<void> => {
    group = new PlayedGroup();
    counters = new Counters();
    [read, warnings] = [[], []];
    consumer = new GroupConsumer({
      groupId: 'rpc.sum',
      topics: [TOPIC],
      sessionTimeoutMs: 6_000,
      commitIntervalMs: INTERVAL_MS,
      commitMetadataBytes,
      maxDeaths: 3,
      endOf: () => Promise.resolve(0n),
      counters,
      log: { warn: (line) => warnings.push(line) },
      gate: { take: (record) => read.push(record), forget: (share) => share.close() },
      onRevoked: () => undefined,
      watch: { look: () => undefined },
      moves: new PartitionMoves({ hold: () => undefined, release: () => undefined }, () => []),
      onCommitError: (error) => warnings.push(`Commit: ${(error as Error).message}`),
    });
    await consumer.join(group.connection());
  };

  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const assign = (position: bigint, metadata = ''): void =>
    group.handler.onAssigned([{ ...PLACE, position, metadata }]);
  const receive = (from: number, to: number, timestampMs = 1_000): RequestRecord[] => {
    const before = read.length;
    const offsets = Array.from({ length: to - from }, (_, i) => BigInt(from + i));
    group.handler.onRecords(offsets.map((offset) => consumed({ ...PLACE, offset, timestampMs })));
    return read.slice(before);
  };
  const finish = ({ share, tracked }: RequestRecord): void => share.finish(tracked);
  const interval = (): Promise<void> => jest.advanceTimersByTimeAsync(INTERVAL_MS).then(() => undefined);
  const lastCommit = (): { offset: bigint; metadata: string } => {
    const { offset, metadata } = group.commits.at(-1)![0]!;
    return { offset, metadata: metadata! };
  };
  const lastMap = (): FinishedMap | undefined => {
    const { offset, metadata } = lastCommit();
    return decodeFinishedMap(metadata, { ...PLACE, offset }).map;
  };
  const refused = (): RpcError => new RpcError('RESOURCE_EXHAUSTED', 'The metadata is too large');
  /** Every second record is finished: the map needs some 2 bits for each. */
  const finishEverySecond = (records: readonly RequestRecord[]): void => {
    records.forEach((record, index) => index % 2 === 1 && finish(record));
  };

  /** The next owner begins with what the last one has committed. */
  const restart = async (): Promise<void> => {
    await consumer.close();
    const { offset, metadata } = lastCommit();
    await join(4_096);
    assign(offset, metadata);
  };

  it('is committed though the offset stays, once per change', async () => {
    await join(4_096);
    assign(0n);
    const records = receive(0, 10);
    records.slice(1).forEach(finish);
    await interval();
    expect(lastCommit().offset).toBe(0n);
    expect(lastMap()!.runs).toEqual([{ from: 1n, to: 10n }]);
    await jest.advanceTimersByTimeAsync(20 * INTERVAL_MS);
    expect(group.commits).toHaveLength(1);
    finish(records[0]!);
    await interval();
    expect(lastCommit()).toEqual({ offset: 10n, metadata: '' });
  });

  it('has its next owner run what is not in it', async () => {
    await join(4_096);
    assign(0n);
    receive(0, 10).slice(1, 8).forEach(finish);
    await restart();
    expect(receive(0, 10).map((record) => record.offset)).toEqual([0n, 8n, 9n]);
    expect(counters.snapshot()).toMatchObject({ recordsRedelivered: 7, finishedMapsIgnored: 0 });
  });

  it('is handed on by an owner that has not read all of it again', async () => {
    await join(4_096);
    assign(0n);
    receive(0, 10).slice(1).forEach(finish);
    await restart();
    const [first] = receive(0, 3);
    finish(first!);
    await interval();
    expect(lastCommit().offset).toBe(3n);
    expect(lastMap()!.runs).toEqual([{ from: 3n, to: 10n }]);
  });

  it.each([
    ['another version', 'f9.abcdefgh'],
    ['another tool', 'host-17 at noon'],
    ['another place', 'f1.Ghbe7gGaySkE4NQ1AEwAYeGGdWs'],
  ])('is ignored and said once when it is of %s', async (_what, metadata) => {
    await join(4_096);
    assign(0n, metadata);
    expect(receive(0, 5)).toHaveLength(5);
    expect(warnings).toEqual([expect.stringMatching(/rpc\.sum\.requests\[0\].*ignored.*run again/)]);
    expect(counters.snapshot().finishedMapsIgnored).toBe(1);
    read.forEach(finish);
    await interval();
    expect(lastCommit()).toEqual({ offset: 5n, metadata: '' });
  });

  it('is dropped without a word when another tool has set the offset, and with it no metadata', async () => {
    await join(4_096);
    assign(3n, '');
    expect(receive(3, 8)).toHaveLength(5);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['whose first record is another', 5_000, 5_000],
    ['that goes on otherwise', 1_000, 5_000],
  ])('is dropped for a log %s', async (_what, firstMs, othersMs) => {
    await join(4_096);
    assign(0n);
    receive(0, 10).slice(1).forEach(finish);
    await restart();
    receive(0, 1, firstMs);
    receive(1, 10, othersMs);
    expect(read).toHaveLength(10);
    expect(counters.snapshot().finishedMapsIgnored).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/the log is another/)]);
  });

  it('is made shorter when the broker takes less, at once, and stays so', async () => {
    await join(4_096);
    assign(0n);
    finishEverySecond(receive(0, 6_000));
    group.failures.push(refused(), refused());
    await interval();
    const { metadata } = lastCommit();
    expect(metadata.length).toBeGreaterThan(400);
    expect(metadata.length).toBeLessThanOrEqual(512);
    expect(warnings).toEqual([
      expect.stringMatching(/Raise the broker's offset\.metadata\.max\.bytes/),
      expect.stringMatching(/From now on 505 are used/),
    ]);
    expect(lastMap()!.runs[0]).toEqual({ from: 1n, to: 2n });
  });

  it('is left away when the broker takes none, and offsets are committed', async () => {
    await join(4_096);
    assign(0n);
    const records = receive(0, 200);
    finishEverySecond(records.slice(2));
    finish(records[0]!);
    group.failures.push(refused());
    await interval();
    expect(lastCommit()).toEqual({ offset: 1n, metadata: '' });
  });

  it('is not made shorter for what another error is about', async () => {
    await join(4_096);
    assign(0n);
    finishEverySecond(receive(0, 100));
    group.failures.push(new RpcError('UNAVAILABLE', 'no coordinator'));
    await interval();
    await interval();
    expect(lastMap()!.runs).toHaveLength(50);
    expect(warnings).toEqual(['Commit: no coordinator']);
  });

  it('has the reading of its partition wait before it outgrows its room, and go on when it has shrunk', async () => {
    await join(400);
    assign(0n);
    const records = receive(0, 1_000);
    finishEverySecond(records);
    await interval();
    expect(group.log.filter((line) => line !== 'commit 0:0')).toEqual(['pause']);
    records.slice(0, 900).forEach(finish);
    await interval();
    expect(group.log.at(-2)).toBe('resume');
    expect(lastCommit().offset).toBe(900n);
    expect(counters.snapshot().finishedMapsCut).toBe(0);
  });

  it('has reading go on all the same when nothing finishes any more, and says what that costs', async () => {
    await join(400);
    assign(0n);
    finishEverySecond(receive(0, 4_000));
    await jest.advanceTimersByTimeAsync(3_000);
    expect(group.log.filter((line) => line !== 'commit 0:0')).toEqual(['pause']);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(group.log.filter((line) => line !== 'commit 0:0')).toEqual(['pause', 'resume']);
    expect(warnings).toEqual([expect.stringMatching(/would run again after a restart/)]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is nothing, and holds up nothing, where no room is given to it', async () => {
    await join(0);
    assign(0n);
    const records = receive(0, 4_000);
    finishEverySecond(records);
    await interval();
    expect(group.log).toEqual([]);
    finish(records[0]!);
    await interval();
    expect(lastCommit()).toEqual({ offset: 2n, metadata: '' });
  });
});
