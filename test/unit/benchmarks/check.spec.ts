import { compare } from '../../../benchmarks/check/compare.js';
import { ratioOfRounds, type Ratio } from '../../../benchmarks/check/ratio.js';

const ratio = (name: string, better: Ratio['better'], median: number, noise = 0): Ratio => ({
  name,
  better,
  median,
  noise,
  rounds: [median],
});

describe('the check of ratios', () => {
  const isLoss = (before: Ratio, now: Ratio): boolean => compare([before], [now])[0]!.isLoss;

  it('finds a loss of more than a fifth where more is better', () => {
    expect(isLoss(ratio('rate', 'higher', 2), ratio('rate', 'higher', 1.59))).toBe(true);
    expect(isLoss(ratio('rate', 'higher', 2), ratio('rate', 'higher', 1.61))).toBe(false);
    expect(isLoss(ratio('rate', 'higher', 2), ratio('rate', 'higher', 5))).toBe(false);
  });

  it('finds a loss of more than a fifth where less is better', () => {
    expect(isLoss(ratio('p50', 'lower', 1), ratio('p50', 'lower', 1.26))).toBe(true);
    expect(isLoss(ratio('p50', 'lower', 1), ratio('p50', 'lower', 1.24))).toBe(false);
    expect(isLoss(ratio('p50', 'lower', 1), ratio('p50', 'lower', 0.5))).toBe(false);
  });

  it('takes no loss for one that the noise of both runs explains', () => {
    expect(isLoss(ratio('rate', 'higher', 2, 0.06), ratio('rate', 'higher', 1.45, 0.08))).toBe(false);
    expect(isLoss(ratio('rate', 'higher', 2, 0.03), ratio('rate', 'higher', 1.45, 0.04))).toBe(true);
  });

  it('lets a ratio be that the baseline does not have yet', () => {
    expect(compare([], [ratio('new', 'higher', 1)])).toMatchObject([{ before: undefined, isLoss: false }]);
  });

  it('refuses to pass by a ratio of the baseline that was not measured', () => {
    expect(() => compare([ratio('gone', 'higher', 1)], [ratio('rate', 'higher', 1)])).toThrow(
      'The baseline has what this run did not measure: gone.',
    );
  });
});

describe('a ratio over rounds', () => {
  it('is their median, which one bad round does not move', () => {
    expect(ratioOfRounds('rate', 'higher', [1, 1.1, 0.9, 1, 0.1]).median).toBe(1);
  });

  it('has no noise when all rounds agree, and less of it the more rounds there are', () => {
    expect(ratioOfRounds('rate', 'higher', [2, 2, 2]).noise).toBe(0);
    const few = ratioOfRounds('rate', 'higher', [1.9, 2, 2.1, 1.8, 2.2]);
    const many = ratioOfRounds('rate', 'higher', [
      ...few.rounds,
      ...few.rounds,
      ...few.rounds,
      ...few.rounds,
    ]);
    expect(few.noise).toBeGreaterThan(0.05);
    expect(many.noise).toBeCloseTo(few.noise / 2);
  });
});
