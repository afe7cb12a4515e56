/** Numbers to places between 0 and 1, and the numbers to print along an axis. */
export interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

const WANTED_TICKS = 5;

/** From 0 to a round number above the largest. */
export function linearScale(values: readonly number[]): Scale {
  const highest = Math.max(0, ...values) || 1;
  const step = roundStep(highest / WANTED_TICKS);
  const count = Math.ceil(highest / step);
  const end = count * step;
  return {
    ticks: Array.from({ length: count + 1 }, (_, tick) => tick * step),
    at: (value) => Math.min(1, Math.max(0, value / end)),
  };
}

/** Whole powers of ten around all values above 0; what is not above 0 lies at the foot. */
export function logarithmicScale(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return linearScale(values);
  const low = Math.floor(Math.log10(Math.min(...positive)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive))));
  // Two lines alone would leave most of the chart without a number.
  const steps = high - low <= 2 ? [1, 2, 5] : [1];
  return {
    ticks: Array.from({ length: high - low }, (_, at) => steps.map((step) => step * 10 ** (low + at)))
      .flat()
      .concat(10 ** high),
    at: (value) => (value > 0 ? Math.min(1, Math.max(0, (Math.log10(value) - low) / (high - low))) : 0),
  };
}

/** 1, 2, 2.5 or 5 times a power of ten. */
function roundStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= atLeast * 0.999) ?? 10;
  return step * power;
}
