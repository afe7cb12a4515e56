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

describe('GroupConsumer, once it is closed', () => {
  let group: PlayedGroup;
  let consumer: GroupConsumer;
  let taken: RequestRecord | undefined;
  const finish = (): void => taken!.share.finish(taken!.tracked);

  beforeEach(async () => {
    jest.useFakeTimers();
    group = new PlayedGroup();
    consumer = new GroupConsumer({
      groupId: 'rpc.sum',
      topics: [TOPIC],
      sessionTimeoutMs: 6_000,
      commitIntervalMs: INTERVAL_MS,
      commitMetadataBytes: 4_096,
      maxDeaths: 3,
      endOf: () => Promise.resolve(0n),
      log: { warn: () => undefined },
      counters: new Counters(),
      gate: { take: (record) => (taken = record), forget: (share) => share.close() },
      onRevoked: () => undefined,
      watch: { look: () => undefined },
      moves: new PartitionMoves({ hold: () => undefined, release: () => undefined }, () => []),
      onCommitError: () => undefined,
    });
    await consumer.join(group.connection());
    group.handler.onAssigned([{ topic: TOPIC, partition: 0, position: 0n, metadata: '' }]);
  });

  afterEach(() => jest.useRealTimers());

  it('tries no commit any more, though the last ones failed', async () => {
    const record = consumed({ topic: TOPIC, offset: 0n });
    group.handler.onRecords([record]);
    for (let i = 0; i < 100; i++) group.failures.push(new RpcError('UNAVAILABLE', 'no coordinator'));
    const slow = deferred();
    group.gate = slow.promise;
    finish();
    await jest.advanceTimersByTimeAsync(INTERVAL_MS);
    const closing = consumer.close();
    slow.resolve();
    await closing;
    const commits = group.log.length;
    await jest.advanceTimersByTimeAsync(20 * INTERVAL_MS);
    expect(group.log).toHaveLength(commits);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('tries no commit for work that finishes later', async () => {
    const record = consumed({ topic: TOPIC, offset: 0n });
    group.handler.onRecords([record]);
    await consumer.close();
    finish();
    await jest.advanceTimersByTimeAsync(20 * INTERVAL_MS);
    expect(group.log).toEqual(['close']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each(['ABORTED', 'UNAVAILABLE'] as const)(
    'tries its last commit again while it has time, when it fails with %s as in a rolling deploy',
    async (status) => {
      const record = consumed({ topic: TOPIC, offset: 0n });
      group.handler.onRecords([record]);
      finish();
      for (let i = 0; i < 3; i++) group.failures.push(new RpcError(status, 'the group rebalances'));
      const closing = consumer.close(5_000);
      await jest.advanceTimersByTimeAsync(5_000);
      await closing;
      expect(group.commits).toEqual([[{ topic: TOPIC, partition: 0, offset: 1n, metadata: '' }]]);
      expect(group.log.at(-1)).toBe('close');
      expect(jest.getTimerCount()).toBe(0);
    },
  );

  it('commits what is still its own when a partition is taken from it meanwhile', async () => {
    group.handler.onAssigned([{ topic: TOPIC, partition: 1, position: 0n, metadata: '' }]);
    const records = [0, 1].map((partition) => consumed({ topic: TOPIC, partition, offset: 0n }));
    for (const record of records) {
      group.handler.onRecords([record]);
      finish();
    }
    group.failures.push(new RpcError('ABORTED', 'not ours'));
    const closing = consumer.close(5_000);
    group.handler.onRevoked([{ topic: TOPIC, partition: 0 }]);
    await jest.advanceTimersByTimeAsync(5_000);
    await closing;
    expect(group.commits).toEqual([[{ topic: TOPIC, partition: 1, offset: 1n, metadata: '' }]]);
  });

  it('waits no longer than it may for a commit that is not answered', async () => {
    const record = consumed({ topic: TOPIC, offset: 0n });
    group.handler.onRecords([record]);
    finish();
    group.gate = new Promise(() => undefined);
    let isClosed = false;
    const closing = consumer.close(3_000).then(() => (isClosed = true));
    await jest.advanceTimersByTimeAsync(2_999);
    expect(isClosed).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await closing;
    expect(group.isClosed).toBe(true);
  });
});
