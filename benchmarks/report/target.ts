import { figure } from './figures.js';

/** What a number is to be. */
export type Wanted = { readonly atLeast: number } | { readonly atMost: number } | { readonly under: number };

/** What was promised, and what this run gave. */
export interface Verdict {
  readonly name: string;
  readonly wanted: Wanted;
  /** Absent when this run did not measure it. */
  readonly got?: number;
  readonly isMet?: boolean;
}

/** @param got undefined, or not a number, when this run did not measure it */
export function verdict(name: string, wanted: Wanted, got: number | undefined): Verdict {
  if (got === undefined || Number.isNaN(got)) return { name, wanted };
  return { name, wanted, got, isMet: isMet(wanted, got) };
}

/** One line each, to be read after the tables. */
export function verdictLines(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ name, wanted, got, isMet: met }) => {
      if (got === undefined) return `not measured: ${name}, wanted ${boundOf(wanted)}\n`;
      return `${met ? 'met' : 'MISSED'}: ${name} is ${figure(got)}, wanted ${boundOf(wanted)}\n`;
    })
    .join('');
}

function isMet(wanted: Wanted, got: number): boolean {
  if ('atLeast' in wanted) return got >= wanted.atLeast;
  return 'atMost' in wanted ? got <= wanted.atMost : got < wanted.under;
}

/** For people: "at least 1.5". */
export function boundOf(wanted: Wanted): string {
  if ('atLeast' in wanted) return `at least ${figure(wanted.atLeast)}`;
  return 'atMost' in wanted ? `at most ${figure(wanted.atMost)}` : `under ${figure(wanted.under)}`;
}
