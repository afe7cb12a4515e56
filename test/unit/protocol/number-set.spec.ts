import { NumberSet } from '../../../lib/protocol/number-set.js';

describe('a set of numbers', () => {
  it('has those that it was given, and no others', () => {
    const set = new NumberSet([7, 2 ** 47, 7, 0, 3]);
    const asked = [0, 1, 3, 4, 7, 8, 2 ** 47, 2 ** 47 + 1, -1];
    expect(asked.filter((number) => set.has(number))).toEqual([0, 3, 7, 2 ** 47]);
  });

  it('has nothing when it was given nothing', () => {
    expect(new NumberSet([]).has(0)).toBe(false);
  });
});
