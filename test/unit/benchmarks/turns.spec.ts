import { inTurns, ratioOf } from '../../../benchmarks/measure/turns.js';

describe('variants in turns', () => {
  it('are measured A B A B, and keep every round beside median and range', async () => {
    const order: string[] = [];
    const variant = (name: string, rates: number[]) => ({
      labels: { name },
      measure: async () => {
        order.push(name);
        return { rate: rates.shift()! };
      },
    });
    const told: string[] = [];
    const rows = await inTurns([variant('a', [10, 30, 20]), variant('b', [5, 10, 40])], 3, (line) =>
      told.push(line),
    );
    expect(order.join('')).toBe('ababab');
    expect(rows[0]).toEqual({
      labels: { name: 'a' },
      measures: { rate: { median: 20, min: 10, max: 30 } },
      rounds: [{ rate: 10 }, { rate: 30 }, { rate: 20 }],
    });
    expect(told[0]).toBe('round 1/3  a  rate 10');
    // Round by round: 2, 3, 0.5. Of the medians it would be 2 as well, of the ranges anything.
    expect(ratioOf(rows[0]!, rows[1]!, 'rate')).toEqual({ median: 2, min: 0.5, max: 3 });
  });
});
