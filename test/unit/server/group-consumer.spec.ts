import { Counters } from '../../../lib/diagnostics/counters.js';
import { RpcError } from '../../../lib/errors/rpc-error.js';
import { GroupConsumer } from '../../../lib/server/group-consumer.js';
import { PartitionMoves } from '../../../lib/server/partition-moves.js';
import type { RequestRecord } from '../../../lib/server/request-record.js';
import { deferred } from '../../support/deferred.js';
import { PlayedGroup } from '../../support/group-members.js';
import { consumed } from '../../support/raw-records.js';

const TOPIC = 'rpc.sum.requests';
const INTERVAL_MS = 200;

describe('GroupConsumer', () => {
  let group: PlayedGroup;
  let counters: Counters;
  let read: RequestRecord[];
  let commitErrors: unknown[];
  let consumer: GroupConsumer;

  beforeEach(async () => {
    jest.useFakeTimers();
    group = new PlayedGroup();
    counters = new Counters();
    read = [];
    commitErrors = [];
    consumer = new GroupConsumer({
      groupId: 'rpc.sum',
      topics: [TOPIC],
      sessionTimeoutMs: 6_000,
      commitIntervalMs: INTERVAL_MS,
      commitMetadataBytes: 4_096,
      maxDeaths: 3,
      endOf: () => Promise.resolve(0n),
      log: { warn: () => undefined },
      counters,
      gate: { take: (record) => read.push(record), forget: (share) => share.close() },
      onRevoked: () => undefined,
      watch: { look: () => undefined },
      moves: new PartitionMoves({ hold: () => undefined, release: () => undefined }, () => []),
      onCommitError: (error) => commitErrors.push(error),
    });
    await consumer.join(group.connection());
    assign(0, 0n);
  });

  afterEach(() => jest.useRealTimers());

  const assign = (partition: number, position: bigint): void =>
    group.handler.onAssigned([{ topic: TOPIC, partition, position, metadata: '' }]);
  const revoke = (partition: number): void => group.handler.onRevoked([{ topic: TOPIC, partition }]);
  const receive = (partition: number, ...offsets: number[]): RequestRecord[] => {
    const before = read.length;
    group.handler.onRecords(
      offsets.map((offset) => consumed({ topic: TOPIC, partition, offset: BigInt(offset) })),
    );
    return read.slice(before);
  };
  const finish = ({ share, tracked }: RequestRecord): void => share.finish(tracked);
  const committed = (): unknown[] =>
    group.commits.map((offsets) =>
      offsets.map(({ partition, offset }) => `${partition}:${offset}`).join(' '),
    );

  it('joins its group, for its topic', () => {
    expect(group.options).toEqual({ groupId: 'rpc.sum', topics: [TOPIC], sessionTimeoutMs: 6_000 });
  });

  it('hands every record on, in order', () => {
    receive(0, 0, 1, 2);
    expect(read.map(({ offset }) => offset)).toEqual([0n, 1n, 2n]);
  });

  it('commits what is finished after the interval, once', async () => {
    const [first, second, third] = receive(0, 0, 1, 2);
    finish(first!);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS - 1);
    expect(committed()).toEqual([]);
    finish(second!);
    await jest.advanceTimersByTimeAsync(1);
    expect(committed()).toEqual(['0:2']);
    finish(third!);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(committed()).toEqual(['0:2', '0:3']);
    await jest.advanceTimersByTimeAsync(10 * INTERVAL_MS);
    expect(committed()).toHaveLength(2);
  });

  it('never commits past what is unfinished', async () => {
    const [, second] = receive(0, 0, 1);
    finish(second!);
    await jest.advanceTimersByTimeAsync(10 * INTERVAL_MS);
    await group.handler.onRevoking([{ topic: TOPIC, partition: 0 }], 2_000);
    await consumer.close();
    expect(committed()).toEqual(['0:0']);
  });

  it('commits all partitions with one request', async () => {
    assign(1, 10n);
    const [a] = receive(0, 0);
    const [b] = receive(1, 10);
    finish(a!);
    finish(b!);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(committed()).toEqual(['0:1 1:11']);
  });

  it('runs no timer while there is nothing to commit', () => {
    receive(0, 0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('commits at once when a rebalance begins, and when it closes', async () => {
    const [first, second] = receive(0, 0, 1);
    finish(first!);
    await group.handler.onRevoking([{ topic: TOPIC, partition: 0 }], 2_000);
    expect(committed()).toEqual(['0:1']);
    finish(second!);
    await consumer.close();
    expect(committed()).toEqual(['0:1', '0:2']);
    expect(group.log[group.log.length - 1]).toBe('close');
  });

  it('commits again what a commit failed on', async () => {
    group.failures.push(new RpcError('UNAVAILABLE', 'no coordinator'));
    const [first] = receive(0, 0);
    finish(first!);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(commitErrors).toEqual([expect.objectContaining({ status: 'UNAVAILABLE' })]);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(committed()).toEqual(['0:1']);
  });

  it('sends one commit at a time, so that none arrives after a newer one', async () => {
    const slow = deferred();
    group.gate = slow.promise;
    const [first, second] = receive(0, 0, 1);
    finish(first!);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    finish(second!);
    const rebalancing = group.handler.onRevoking([{ topic: TOPIC, partition: 0 }], 2_000);
    await jest.advanceTimersByTimeAsync(0);
    expect(group.log).toEqual(['commit 0:1']);
    slow.resolve();
    await rebalancing;
    expect(committed()).toEqual(['0:1', '0:2']);
  });

  it('commits nothing of a partition that went to another', async () => {
    const [first] = receive(0, 0);
    revoke(0);
    finish(first!);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    await consumer.close();
    expect(committed()).toEqual([]);
  });

  it('takes a partition that comes back for a new one: old work does not move its mark', async () => {
    const [first] = receive(0, 0);
    revoke(0);
    assign(0, 0n);
    const [again] = receive(0, 0);
    finish(first!);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(committed()).toEqual([]);
    finish(again!);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(committed()).toEqual(['0:1']);
  });

  it('counts and drops records read again, and those of partitions it has not', () => {
    receive(0, 0, 1);
    receive(0, 0, 1, 2);
    receive(7, 0);
    expect(read.map(({ offset }) => offset)).toEqual([0n, 1n, 2n]);
    expect(counters.snapshot().recordsRedelivered).toBe(3);
  });

  it('pauses and resumes reading', () => {
    consumer.pause();
    consumer.resume();
    expect(group.log).toEqual(['pause', 'resume']);
  });
});
