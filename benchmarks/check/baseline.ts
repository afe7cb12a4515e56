import { readFile, writeFile } from 'node:fs/promises';
import type { Ratio } from './ratio.js';

/** Ratios of a run that was found good, and where it was made. */
export interface Baseline {
  /** Date, commit, machine and versions, for people. */
  readonly madeBy: string;
  readonly ratios: readonly Ratio[];
}

/** @throws Error that says how to write one when there is none. */
export async function readBaseline(file: string): Promise<Baseline> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as Baseline;
  throw new Error(`There is no ${file}: write it with npm run bench:check -- --update, on a quiet machine`);
}

const SIGNIFICANT_DIGITS = 4;

export async function writeBaseline(file: string, baseline: Baseline): Promise<void> {
  const rounded = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(SIGNIFICANT_DIGITS)) : value;
  await writeFile(file, `${JSON.stringify(baseline, rounded, 2)}\n`);
}
