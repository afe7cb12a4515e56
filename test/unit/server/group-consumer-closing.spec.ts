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
      counters: new Counters(),
      gate: { take: (record) => (taken = record), forget: (share) => share.close() },
      onRevoked: () => undefined,
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
});
