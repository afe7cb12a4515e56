import { figure } from '../report/figures.js';
import { ACKNOWLEDGEMENT, WHOLE } from '../legs/road.js';
import { measureOf, NOTHING } from './cells.js';
import { markdownTable } from './markdown-table.js';
import type { Results } from './results.js';

const BESIDE_THE_ROAD = [WHOLE.name, ACKNOWLEDGEMENT.name];

/** Microseconds of each leg of one call, and its share of all legs. */
export function legsTable({ legs: { rows } }: Results): string {
  const isLeg = (name: unknown): boolean => !BESIDE_THE_ROAD.includes(String(name));
  const p50Of = (row: (typeof rows)[number]): number => row.measures.p50Micros?.median ?? NaN;
  const sum = rows.filter(({ labels }) => isLeg(labels.leg)).reduce((micros, row) => micros + p50Of(row), 0);
  return markdownTable(
    ['leg', 'p50', 'p99', 'of all legs'],
    rows.map((row) => [
      String(row.labels.leg),
      measureOf(row, 'p50Micros', ' µs'),
      measureOf(row, 'p99Micros', ' µs'),
      isLeg(row.labels.leg) ? `${figure((p50Of(row) / sum) * 100)} %` : NOTHING,
    ]),
  );
}
