/** A value over all rounds: rounds differ by the machine's mood, so the middle one counts and the range shows how far. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError for no values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  if (low === undefined || high === undefined) throw new RangeError('No values: there is no median');
  return { median: (low + high) / 2, min: sorted[0] ?? low, max: sorted[sorted.length - 1] ?? high };
}
