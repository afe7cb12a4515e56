import type { Spread } from '../measure/summary.js';
import type { Row } from '../measure/turns.js';
import { withRange } from './figures.js';
import { table } from './table.js';

/** What a column of a table shows: a label of the rows, or a measure as median and range. */
export interface Column {
  readonly key: string;
  readonly heading: string;
}

/** Rows as a table: labels first, then the medians of measures, with their ranges where there was more than one round. */
export function rowsTable(
  rows: readonly Row[],
  labels: readonly Column[],
  measures: readonly Column[],
): string {
  const hasRange = rows.some(({ rounds }) => rounds.length > 1);
  const heading = [
    ...labels.map((label) => label.heading),
    ...measures.flatMap((measure) => (hasRange ? [measure.heading, '(min–max)'] : [measure.heading])),
  ];
  const body = rows.map((row) => [
    ...labels.map(({ key }) => (row.labels[key] ?? '–').toLocaleString('en')),
    ...measures.flatMap(({ key }) => cells(row.measures[key], hasRange)),
  ]);
  return table([heading, ...body]);
}

function cells(spread: Spread | undefined, hasRange: boolean): string[] {
  const [median, range] = spread === undefined ? ['–', ''] : withRange(spread);
  return hasRange ? [median, range] : [median];
}
