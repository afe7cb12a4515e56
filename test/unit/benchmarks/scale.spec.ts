import { linearScale, logarithmicScale } from '../../../benchmarks/report/plot/scale.js';

describe('a linear scale', () => {
  it('goes from 0 to a round number above all values', () => {
    const scale = linearScale([3, 87]);
    expect(scale.ticks).toEqual([0, 20, 40, 60, 80, 100]);
    expect(scale.at(50)).toBe(0.5);
  });

  it('has an axis for values that are all 0', () => {
    expect(linearScale([0, 0]).at(0)).toBe(0);
    expect(linearScale([]).ticks.length).toBeGreaterThan(1);
  });
});

describe('a logarithmic scale', () => {
  it('puts powers of ten at equal distances', () => {
    const scale = logarithmicScale([2, 900]);
    expect(scale.ticks).toEqual([1, 10, 100, 1_000]);
    expect(scale.at(10)).toBeCloseTo(1 / 3);
  });

  it('has numbers between powers of ten where there are few of these', () => {
    expect(logarithmicScale([3, 7]).ticks).toEqual([1, 2, 5, 10]);
  });

  it('has room above a single power of ten, and puts what is not above 0 at the foot', () => {
    expect(logarithmicScale([100]).ticks).toEqual([100, 200, 500, 1_000]);
    expect(logarithmicScale([10, 0]).at(0)).toBe(0);
  });
});
