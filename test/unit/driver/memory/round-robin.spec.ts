import { roundRobin } from '../../../../lib/driver/memory/round-robin.js';

const partitionsOf = (topic: string, count: number) =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }));

describe('roundRobin', () => {
  it('deals the partitions out in turn', () => {
    const [a, b] = [{ topics: ['x'] }, { topics: ['x'] }];

    const shares = roundRobin([a, b], partitionsOf('x', 5));

    expect(shares.get(a)?.map(({ partition }) => partition)).toEqual([0, 2, 4]);
    expect(shares.get(b)?.map(({ partition }) => partition)).toEqual([1, 3]);
  });

  it('gives a partition only to those who subscribe to its topic', () => {
    const [a, b] = [{ topics: ['x', 'y'] }, { topics: ['y'] }];

    const shares = roundRobin([a, b], [...partitionsOf('x', 3), ...partitionsOf('y', 2)]);

    expect(shares.get(b)?.every(({ topic }) => topic === 'y')).toBe(true);
    expect(shares.get(a)?.filter(({ topic }) => topic === 'x')).toHaveLength(3);
    expect([...shares.values()].flat()).toHaveLength(5);
  });

  it('gives an empty share to whom nothing is left, and deals nothing out to nobody', () => {
    const [a, b] = [{ topics: ['x'] }, { topics: ['x'] }];

    expect(roundRobin([a, b], partitionsOf('x', 1)).get(b)).toEqual([]);
    expect(roundRobin([], partitionsOf('x', 1)).size).toBe(0);
  });
});
