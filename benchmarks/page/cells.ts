import type { Spread } from '../measure/summary.js';
import { figure } from '../report/figures.js';
import type { Verdict } from '../report/target.js';

/** What stands where nothing was measured. */
export const NOTHING = '–';

export const medianCell = (spread: Spread | undefined, unit = ''): string =>
  spread === undefined ? NOTHING : `${figure(spread.median)}${unit}`;

/** What was got; bold when it was missed. */
export function verdictCell(verdict: Verdict | undefined): string {
  if (verdict?.got === undefined) return NOTHING;
  return verdict.isMet ? figure(verdict.got) : `**${figure(verdict.got)}**`;
}
