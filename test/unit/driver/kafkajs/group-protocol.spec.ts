import {
  assignPartitions,
  decodeAssignment,
  encodeMember,
  type MemberOfGroup,
} from '../../../../lib/driver/kafkajs/group-protocol.js';
import type { TopicPartition } from '../../../../lib/driver/record.js';

const partitionsOf = (topic: string, count: number): TopicPartition[] =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }));

const member = (
  memberId: string,
  topics: readonly string[],
  owned: readonly TopicPartition[] = [],
): MemberOfGroup => ({ memberId, memberMetadata: encodeMember(topics, owned) });

/** What each member gets, by its id. */
const assign = (
  members: readonly MemberOfGroup[],
  counts: Readonly<Record<string, number>>,
): Record<string, TopicPartition[]> => {
  const shares = assignPartitions(members, (topic) => counts[topic] ?? 0);
  return Object.fromEntries(
    shares.map(({ memberId, memberAssignment }) => [memberId, decodeAssignment(memberAssignment)]),
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
    expect(decodeAssignment(Buffer.alloc(0))).toEqual([]);
  });
});
