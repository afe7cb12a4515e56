import type { Spread } from '../../measure/summary.js';

/** Numbers over categories, for each of some series: medians as marks, ranges as whiskers. */
export interface Chart {
  readonly title: string;
  /** What the numbers are, with their unit. */
  readonly unit: string;
  /** Lines for categories that have an order, bars for those that have none. */
  readonly kind: 'lines' | 'bars';
  /** What the categories are; said under the axis of lines. */
  readonly over: string;
  readonly categories: readonly string[];
  /** Powers of ten at equal distances, for numbers that differ by more than ten times. @default linear from 0 */
  readonly isLogarithmic?: boolean;
  readonly series: readonly ChartSeries[];
}

export interface ChartSeries {
  readonly name: string;
  /** One per category; undefined where nothing was measured. */
  readonly values: readonly (Spread | undefined)[];
}

/** Charts under one title: one file. */
export interface Figure {
  readonly title: string;
  /** When, where and with what. */
  readonly subtitle: string;
  readonly charts: readonly Chart[];
}
