import type { ClusterLink } from '../../../../lib/driver/kafkajs/cluster-link.js';
import { PartitionCursor } from '../../../../lib/driver/kafkajs/partition-cursor.js';
import { PositionFinder } from '../../../../lib/driver/kafkajs/position-finder.js';
import type { DriverEvent } from '../../../../lib/driver/driver.js';
import type { FetchedPartition } from '../../../../lib/driver/kafkajs/requests/fetch.js';
import type { ProtocolRequest } from '../../../../lib/driver/kafkajs/requests/protocol-request.js';

const at = { topic: 'orders', partition: 0 };

interface Log {
  readonly start: bigint;
  readonly end: bigint;
  /** Where the epoch ends that was read last. */
  readonly epochEnd?: bigint;
  /** Of the topic; none from brokers before 2.8. */
  readonly id?: string;
}

/** A cluster with one log, which answers ListOffsets (first the start, then the end) and OffsetForLeaderEpoch. */
const clusterWith = ({ start, end, epochEnd = -1n, id }: Log, leaderUnknownFor = 0): ClusterLink => {
  const offsets = [start, end];
  let unknown = leaderUnknownFor;
  return {
    refresh: () => Promise.resolve(),
    recover: () => Promise.resolve(void (unknown -= 1)),
    leaderOf: () => (unknown > 0 ? undefined : 1),
    topic: () => ({ id }),
    send: (_node: number, { api }: ProtocolRequest<unknown>) =>
      Promise.resolve(api.apiName === 'ListOffsets' ? offsets.shift() : epochEnd),
  } as unknown as ClusterLink;
};

const standingAt = (position: bigint, leaderEpoch: number) => {
  const resets: bigint[] = [];
  const cursor = new PartitionCursor(at, position, {
    onRecords: () => undefined,
    isReading: () => true,
    isOwner: () => true,
    onPositionReset: (_partition, to) => void resets.push(to),
  });
  cursor.leaderEpoch = leaderEpoch;
  return { cursor, resets };
};

/** What was fetched behind 200, where another leader has written. */
const fetched = (leaderEpoch: number): FetchedPartition => {
  const record = { ...at, offset: 200n, timestamp: 0n, key: null, value: Buffer.from('new'), headers: {} };
  return {
    ...at,
    error: undefined,
    from: 200n,
    records: [record] as never,
    leaderEpoch,
    start: 200n,
    next: 201n,
  };
};

describe('a position at which another leader goes on', () => {
  it.each<[string, Log, { to: bigint; reason?: string }]>([
    ['stays where it has all that was read', { start: 0n, end: 300n, epochEnd: 200n, id: 'a' }, { to: 201n }],
    [
      'is where the logs part when it had fewer records, and has more by now',
      { start: 0n, end: 300n, epochEnd: 140n, id: 'a' },
      { to: 140n, reason: 'truncated' },
    ],
    [
      'is the start of the log when that is behind where they part',
      { start: 150n, end: 300n, epochEnd: 140n, id: 'a' },
      { to: 150n, reason: 'truncated' },
    ],
    [
      'is the start of a log that never had the leader of what was read',
      { start: 10n, end: 300n, epochEnd: -1n, id: 'a' },
      { to: 10n, reason: 'truncated' },
    ],
  ])('%s', async (_title, log, { to, reason }) => {
    const events: DriverEvent[] = [];
    const { cursor, resets } = standingAt(200n, 4);
    await new PositionFinder(clusterWith(log), (event) => events.push(event)).check(cursor, fetched(5));
    expect([cursor.next, resets]).toEqual([to, reason === undefined ? [] : [to]]);
    expect(events).toEqual(
      reason === undefined ? [] : [{ type: 'position-lost', ...at, from: 200n, to, reason }],
    );
  });

  it('is looked at again with the next fetch when it cannot be now, and nothing is read until then', async () => {
    const { cursor } = standingAt(200n, 4);
    const link = {
      leaderOf: () => 1,
      recover: () => Promise.resolve(),
      send: () => Promise.reject(new Error('x')),
    };
    await new PositionFinder(link as unknown as ClusterLink, () => undefined).check(cursor, fetched(5));
    expect(cursor.next).toBe(200n);
    expect(cursor.isOfOtherLeader(fetched(5))).toBe(true);
    expect(cursor.isWanted(performance.now())).toBe(false);
  });

  it('is one whose last record was of another epoch than what comes behind it', () => {
    const { cursor } = standingAt(200n, 4);
    expect([4, 5].map((epoch) => cursor.isOfOtherLeader(fetched(epoch)))).toEqual([false, true]);
    expect(standingAt(200n, -1).cursor.isOfOtherLeader(fetched(5))).toBe(false);
  });
});

describe('a position that the broker does not have', () => {
  it.each<[string, Log, bigint, string]>([
    [
      'is the start of the log when retention overtook it',
      { start: 300n, end: 400n, id: 'a' },
      300n,
      'retention',
    ],
    [
      'is where the logs part when a leader had fewer records',
      { start: 0n, end: 150n, epochEnd: 140n, id: 'a' },
      140n,
      'truncated',
    ],
    ['is the end when nothing is new', { start: 0n, end: 140n, epochEnd: 200n, id: 'a' }, 140n, 'truncated'],
    [
      'is the start when brokers have no ids, and it may be another topic',
      { start: 0n, end: 150n, epochEnd: 140n },
      0n,
      'truncated',
    ],
  ])('%s', async (_title, log, to, reason) => {
    const events: DriverEvent[] = [];
    const { cursor, resets } = standingAt(200n, 4);

    await new PositionFinder(clusterWith(log), (event) => events.push(event)).find([cursor]);

    expect(events).toEqual([{ type: 'position-lost', ...at, from: 200n, to, reason }]);
    expect([cursor.next, resets]).toEqual([to, [to]]);
  });

  it('is asked for again while the partition has no leader in the metadata at hand', async () => {
    const { cursor } = standingAt(200n, 4);
    await new PositionFinder(clusterWith({ start: 300n, end: 400n, id: 'a' }, 2), () => undefined).find([
      cursor,
    ]);
    expect(cursor.next).toBe(300n);
  });

  it('stays when the broker has it after all', async () => {
    const events: DriverEvent[] = [];
    const { cursor } = standingAt(200n, 4);
    await new PositionFinder(clusterWith({ start: 0n, end: 250n }), (event) => events.push(event)).find([
      cursor,
    ]);
    expect([cursor.next, events]).toEqual([200n, []]);
  });
});
