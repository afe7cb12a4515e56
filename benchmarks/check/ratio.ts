import { spreadOf } from '../measure/summary.js';

/** A number that two measurements of the same minute give, which is the same on a fast and on a slow machine. */
export interface Ratio {
  readonly name: string;
  readonly better: 'higher' | 'lower';
  readonly median: number;
  /** How far the median may be off, as a part of it: twice its standard error. */
  readonly noise: number;
  readonly rounds: readonly number[];
}

/** From the median deviation of a normal distribution to its standard deviation. */
const DEVIATION = 1.4826;
/** The standard error of a median over that of a mean. */
const MEDIAN_ERROR = 1.2533;

export function ratioOfRounds(name: string, better: Ratio['better'], rounds: readonly number[]): Ratio {
  const { median } = spreadOf(rounds);
  const deviation = DEVIATION * spreadOf(rounds.map((value) => Math.abs(value - median))).median;
  const noise = (2 * MEDIAN_ERROR * deviation) / Math.sqrt(rounds.length) / median;
  return { name, better, median, noise, rounds };
}
