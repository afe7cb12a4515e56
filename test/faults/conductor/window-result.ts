import type { Violation } from '../invariants/violation.js';

/** What came of one window. */
export interface WindowResult {
  readonly name: string;
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Why it proves nothing: the fault did not happen. Counts as a failure. */
  readonly void: readonly string[];
  /** What is known to have happened. */
  readonly happened: readonly string[];
  readonly calls: number;
  readonly answered: number;
  readonly runs: number;
  /** Calls that were run more than once, and those of them that had been finished before. */
  readonly repeats: number;
  readonly repeatsOfFinished: number;
  /** Of calls that nothing but the fault delays. */
  readonly slowestMs: number;
  /** For how long a server did not get to its event loop, at most: by the fault, or because the machine has other work. */
  readonly longestStallMs: number;
  /** From the end of the fault until all was well. */
  readonly recoveredInMs: number | undefined;
  readonly tookMs: number;
}

export const isGreen = ({ violations, void: empty }: WindowResult): boolean =>
  violations.length === 0 && empty.length === 0;
