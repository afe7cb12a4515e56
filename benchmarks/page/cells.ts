import type { Spread } from '../measure/summary.js';
import type { Row } from '../measure/turns.js';
import { figure } from '../report/figures.js';
import type { Verdict } from '../report/target.js';

/** What stands where nothing was measured. */
export const NOTHING = '–';

export const medianCell = (spread: Spread | undefined, unit = ''): string =>
  spread === undefined ? NOTHING : `${figure(spread.median)}${unit}`;

export const measureOf = (row: Row | undefined, measure: string, unit?: string): string =>
  medianCell(row?.measures[measure], unit);

/** What was got; bold when it was missed. */
export function verdictCell(verdict: Verdict | undefined): string {
  if (verdict?.got === undefined) return NOTHING;
  return verdict.isMet ? figure(verdict.got) : `**${figure(verdict.got)}**`;
}
