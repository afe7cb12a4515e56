import { readMembers, shareOut, type JoinedMember } from '../../../../lib/driver/kafkajs/group-assignment.js';
import {
  COOPERATIVE,
  decodeShare,
  EAGER,
  encodeSubscriptions,
  type MemberSubscription,
} from '../../../../lib/driver/kafkajs/group-protocol.js';
import type { TopicPartition } from '../../../../lib/driver/record.js';

const partitionsOf = (topic: string, count: number): TopicPartition[] =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }));

const member = (
  memberId: string,
  topics: readonly string[],
  owned: readonly TopicPartition[] = [],
  { protocol = COOPERATIVE, ...changes }: Partial<MemberSubscription> & { readonly protocol?: string } = {},
): JoinedMember => {
  const own = { isReading: false, generationId: 1, partitions: 0, memberData: Buffer.alloc(0), ...changes };
  const metadata = encodeSubscriptions({ topics, owned, ...own }).find(({ name }) => name === protocol)!;
  return { memberId, memberMetadata: metadata.metadata };
};

/** What each member gets, by its id. */
const assign = (
  members: readonly JoinedMember[],
  counts: Readonly<Record<string, number>>,
  protocol = COOPERATIVE,
): Record<string, TopicPartition[]> => {
  const shares = shareOut(readMembers(protocol, members), (topic) => counts[topic] ?? 0);
  return Object.fromEntries(
    shares.map(({ memberId, memberAssignment }) => [memberId, [...decodeShare(memberAssignment).partitions]]),
  );
};

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

const everyPartitionOnce = (
  shares: Record<string, TopicPartition[]>,
  expected: readonly TopicPartition[],
): void => expect(Object.values(shares).flat().map(nameOf).sort()).toEqual(expected.map(nameOf).sort());

describe('the assignment of partitions', () => {
  it.each([
    [1, 7],
    [2, 8],
    [3, 8],
    [5, 3],
    [4, 0],
  ])('gives %i members %i partitions, each once, and as even as can be', (members, count) => {
    const ids = Array.from({ length: members }, (_, i) => `m${i}`);

    const shares = assign(
      ids.map((id) => member(id, ['t'])),
      { t: count },
    );

    everyPartitionOnce(shares, partitionsOf('t', count));
    const sizes = ids.map((id) => shares[id]!.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it('leaves a new member the excess of the old ones, and nothing else moves', () => {
    const all = partitionsOf('t', 6);
    const old = [member('a', ['t'], all.slice(0, 3)), member('b', ['t'], all.slice(3))];

    const shares = assign([...old, member('c', ['t'])], { t: 6 });

    everyPartitionOnce(shares, all);
    expect(all.slice(0, 3).map(nameOf)).toEqual(expect.arrayContaining(shares['a']!.map(nameOf)));
    expect(all.slice(3).map(nameOf)).toEqual(expect.arrayContaining(shares['b']!.map(nameOf)));
    expect(shares['c']).toHaveLength(2);
  });

  it('gives the partitions of a member that left to the others, who keep their own', () => {
    const all = partitionsOf('t', 6);

    const shares = assign([member('a', ['t'], all.slice(0, 2)), member('b', ['t'], all.slice(2, 4))], {
      t: 6,
    });

    everyPartitionOnce(shares, all);
    expect(shares['a']!.map(nameOf)).toEqual(expect.arrayContaining(['t/0', 't/1']));
    expect(shares['b']!.map(nameOf)).toEqual(expect.arrayContaining(['t/2', 't/3']));
  });

  it('gives a partition that two claim to one of them', () => {
    const all = partitionsOf('t', 2);

    const shares = assign([member('a', ['t'], all), member('b', ['t'], all)], { t: 2 });

    everyPartitionOnce(shares, all);
  });

  it('passes over claims to partitions that do not exist', () => {
    const shares = assign(
      [
        member(
          'a',
          ['t'],
          [
            { topic: 't', partition: 9 },
            { topic: 'gone', partition: 0 },
          ],
        ),
      ],
      {
        t: 1,
      },
    );

    everyPartitionOnce(shares, partitionsOf('t', 1));
  });

  it('gives a partition only to who reads its topic', () => {
    const shares = assign([member('a', ['x', 'y']), member('b', ['y'])], { x: 3, y: 2 });

    everyPartitionOnce(shares, [...partitionsOf('x', 3), ...partitionsOf('y', 2)]);
    expect(shares['b']!.every(({ topic }) => topic === 'y')).toBe(true);
  });

  it('takes an answer without an assignment for an empty one', () => {
    expect(decodeShare(Buffer.alloc(0)).partitions).toEqual([]);
  });

  describe('while members read on what they own', () => {
    const reading = { isReading: true };

    it('gives nobody a partition that moves, until its old owner has given it up', () => {
      const all = partitionsOf('t', 4);
      const [a, c] = [member('a', ['t'], all, reading), member('c', ['t'])];

      const first = assign([a, c], { t: 4 });
      expect(first['a']).toEqual(all.slice(0, 2));
      expect(first['c']).toEqual([]);

      const second = assign([member('a', ['t'], first['a'], reading), c], { t: 4 });
      expect(second['a']).toEqual(all.slice(0, 2));
      expect(second['c']).toEqual(all.slice(2));
    });

    it('says that another rebalance follows while a partition waits for its old owner, and only then', () => {
      const all = partitionsOf('t', 2);
      const isPartial = (members: JoinedMember[]): boolean[] =>
        shareOut(readMembers(COOPERATIVE, members), () => 2).map(
          ({ memberAssignment }) => decodeShare(memberAssignment).isPartial,
        );

      expect(isPartial([member('a', ['t'], all, reading), member('c', ['t'])])).toEqual([true, true]);
      expect(isPartial([member('a', ['t'], all.slice(1), reading), member('c', ['t'])])).toEqual([
        false,
        false,
      ]);
    });

    it('gives what nobody reads to its new owner at once', () => {
      const all = partitionsOf('t', 4);

      const shares = assign(
        [member('a', ['t'], all.slice(0, 2), reading), member('c', ['t'], all.slice(2))],
        { t: 4 },
      );

      expect(shares).toEqual({ a: all.slice(0, 2), c: all.slice(2) });
    });

    it('leaves a partition that two claim with the one of the later generation', () => {
      const all = partitionsOf('t', 2);
      const stale = member('a', ['t'], all, { isReading: true, generationId: 3 });
      const owner = member('b', ['t'], all.slice(0, 1), { isReading: true, generationId: 4 });

      const shares = assign([stale, owner], { t: 2 });

      expect(shares).toEqual({ a: all.slice(1), b: all.slice(0, 1) });
    });

    it('takes a partition that two of one generation read from both', () => {
      const [one] = partitionsOf('t', 1);

      const shares = assign([member('a', ['t'], [one!], reading), member('b', ['t'], [one!], reading)], {
        t: 1,
      });

      expect(shares).toEqual({ a: [], b: [] });
    });

    it('gives nothing away when a member of an earlier version joins, either', () => {
      const all = partitionsOf('t', 2);
      const old = {
        memberId: 'old',
        memberMetadata: member('old', ['t'], [], { protocol: EAGER }).memberMetadata,
      };

      const shares = assign([member('a', ['t'], all, { ...reading, protocol: EAGER }), old], { t: 2 }, EAGER);

      expect(shares).toEqual({ a: all.slice(0, 1), old: [] });
    });
  });

  it('gives nothing to a member that cannot be understood, and the others their share', () => {
    const garbled = { memberId: 'x', memberMetadata: Buffer.from('000100000fff', 'hex') };

    const shares = assign([garbled, member('a', ['t'])], { t: 2 });

    expect(shares).toEqual({ x: [], a: partitionsOf('t', 2) });
  });
});
