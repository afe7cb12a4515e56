import { undisturbed } from '../../../benchmarks/measure/undisturbed.js';

/** Measurements of ten seconds on two cores, of which the host took so much, one after the other. */
const taking = (...stolen: (number | undefined)[]) => {
  const left = [...stolen];
  return () => Promise.resolve({ seconds: 10, stolenSeconds: left.shift() });
};

describe('a measurement', () => {
  it.each([
    ['is made once where nothing is taken', [0, 9], 0],
    ['is made once where it cannot be known', [undefined, 9], undefined],
    ['is made once where a hundredth is taken', [0.2, 0], 0.2],
    ['is made again where more is taken', [0.3, 0.1, 0], 0.1],
    ['is made three times at most, and the least disturbed one counts', [3, 1, 2, 0], 1],
  ])('%s', async (_when, stolen, kept) => {
    const { stolenSeconds } = await undisturbed(taking(...stolen), { withinSeconds: 30, cores: 2 });
    expect(stolenSeconds).toBe(kept);
  });

  it('is not made again where that would take longer than others can be held still', async () => {
    const { stolenSeconds } = await undisturbed(taking(3, 0), { withinSeconds: 19, cores: 2 });
    expect(stolenSeconds).toBe(3);
  });
});
