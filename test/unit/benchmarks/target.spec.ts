import { verdict, verdictLines } from '../../../benchmarks/report/target.js';

describe('a target', () => {
  it('is met at its bound where the bound counts, and missed at it where it does not', () => {
    expect(verdict('rate', { atLeast: 1.5 }, 1.5)).toMatchObject({ got: 1.5, isMet: true });
    expect(verdict('rate', { atLeast: 1.5 }, 1.49)).toMatchObject({ isMet: false });
    expect(verdict('cost', { atMost: 3 }, 3)).toMatchObject({ isMet: true });
    expect(verdict('p50', { under: 0.4 }, 0.4)).toMatchObject({ isMet: false });
  });

  it('is neither met nor missed when nobody measured it', () => {
    expect(verdict('rate', { atLeast: 1.5 }, undefined)).toEqual({ name: 'rate', wanted: { atLeast: 1.5 } });
  });

  it('is told in a line that a missed one stands out in', () => {
    const lines = verdictLines([
      verdict('rate', { atLeast: 1.5 }, 2),
      verdict('p50', { under: 0.4 }, 0.5),
      verdict('other', { atMost: 1 }, undefined),
    ]);
    expect(lines).toBe(
      'met: rate is 2, wanted at least 1.5\nMISSED: p50 is 0.5, wanted under 0.4\nnot measured: other, wanted at most 1\n',
    );
  });
});
