import type { Spread } from '../measure/summary.js';

/** A number for people: three digits that say something, thousands set apart. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || value === 0) return Math.round(value).toLocaleString('en');
  if (size >= 10) return trimmed(value.toFixed(1));
  if (size >= 1) return trimmed(value.toFixed(2));
  return trimmed(value.toPrecision(2));
}

/** A short number for an axis: 1,500 is 1.5k. */
export function axisFigure(value: number): string {
  if (value >= 1e6) return `${trimmed((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e3) return `${trimmed((value / 1e3).toPrecision(3))}k`;
  return trimmed(String(Number(value.toPrecision(3))));
}

/** The median, and how far rounds were apart: two cells of a table. */
export const withRange = ({ median, min, max }: Spread): [string, string] => [
  figure(median),
  `(${figure(min)}–${figure(max)})`,
];

const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
