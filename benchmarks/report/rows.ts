import type { Row } from '../measure/turns.js';
import { withRange } from './figures.js';
import { table } from './table.js';

/** What a column of a table shows: a label of the rows, or a measure as median and range. */
export interface Column {
  readonly key: string;
  readonly heading: string;
}

/** Rows as a table: labels first, then the medians of measures with their ranges. */
export function rowsTable(
  rows: readonly Row[],
  labels: readonly Column[],
  measures: readonly Column[],
): string {
  const heading = [
    ...labels.map((label) => label.heading),
    ...measures.flatMap((measure) => [measure.heading, '(min–max)']),
  ];
  const body = rows.map((row) => [
    ...labels.map(({ key }) => String(row.labels[key] ?? '–')),
    ...measures.flatMap(({ key }) => {
      const spread = row.measures[key];
      return spread === undefined ? ['–', ''] : withRange(spread);
    }),
  ]);
  return table([heading, ...body]);
}
