import { axisFigure, figure } from '../../../benchmarks/report/figures.js';

describe('a number in a table', () => {
  it.each([
    [1_234_567, '1,234,567'],
    [250.4, '250'],
    [12.345, '12.3'],
    [1.999, '2'],
    [0.01234, '0.012'],
    [0, '0'],
  ])('keeps the digits that say something: %d', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});

describe('a number on an axis', () => {
  it.each([
    [1_500, '1.5k'],
    [100_000, '100k'],
    [2_000_000, '2M'],
    [0.1 + 0.2, '0.3'],
  ])('is short: %d', (value, text) => {
    expect(axisFigure(value)).toBe(text);
  });
});
