import type { TopicPartition } from '../../../lib/driver/record.js';
import { stickyShares, type Subscriber } from '../../../lib/driver/sticky-assignment.js';

const partitionsOf = (topic: string, ...partitions: number[]): TopicPartition[] =>
  partitions.map((partition) => ({ topic, partition }));

const reader = (topics: readonly string[], ...owned: readonly TopicPartition[]): Subscriber => ({
  topics,
  owned,
});

const share = (readers: readonly Subscriber[], counts: Readonly<Record<string, number>>) =>
  stickyShares(readers, (topic) => counts[topic] ?? 0);

describe('stickyShares', () => {
  it('deals the partitions out evenly, each once', () => {
    const [a, b] = [reader(['x']), reader(['x'])];

    const shares = share([a, b], { x: 5 });

    expect(shares.get(a)).toHaveLength(3);
    expect(shares.get(b)).toHaveLength(2);
    expect(
      [...shares.values()]
        .flat()
        .map(({ partition }) => partition)
        .sort(),
    ).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives a partition only to those who subscribe to its topic', () => {
    const [a, b] = [reader(['x', 'y']), reader(['y'])];

    const shares = share([a, b], { x: 3, y: 2 });

    expect(shares.get(b)?.every(({ topic }) => topic === 'y')).toBe(true);
    expect(shares.get(a)?.filter(({ topic }) => topic === 'x')).toHaveLength(3);
    expect([...shares.values()].flat()).toHaveLength(5);
  });

  it('gives an empty share to whom nothing is left, and deals nothing out to nobody', () => {
    const [a, b] = [reader(['x']), reader(['x'])];

    expect(share([a, b], { x: 1 }).get(b)).toEqual([]);
    expect(share([], { x: 1 }).size).toBe(0);
  });

  it('leaves with each what it has, and moves only what is above its share', () => {
    const a = reader(['x'], ...partitionsOf('x', 4, 5, 6));
    const b = reader(['x'], ...partitionsOf('x', 0, 1, 2));
    const c = reader(['x']);

    const shares = share([a, b, c], { x: 7 });

    expect(shares.get(a)).toEqual(partitionsOf('x', 4, 5, 6));
    expect(shares.get(b)).toEqual(partitionsOf('x', 0, 1));
    expect(
      shares
        .get(c)
        ?.map(({ partition }) => partition)
        .sort(),
    ).toEqual([2, 3]);
  });

  it('gives topics of one partition to different subscribers, not all to the first', () => {
    const [a, b] = [reader(['x', 'y']), reader(['x', 'y'])];

    const shares = share([a, b], { x: 1, y: 1 });

    expect([shares.get(a), shares.get(b)].map((own) => own?.length)).toEqual([1, 1]);
  });

  it('passes over claims to partitions that do not exist, and a second claim to one that is taken', () => {
    const a = reader(['x'], ...partitionsOf('x', 0, 9), ...partitionsOf('gone', 0));
    const b = reader(['x'], ...partitionsOf('x', 0));

    const shares = share([a, b], { x: 2 });

    expect(shares.get(a)).toEqual(partitionsOf('x', 0));
    expect(shares.get(b)).toEqual(partitionsOf('x', 1));
  });
});
