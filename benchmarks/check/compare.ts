import type { Ratio } from './ratio.js';

/** The part of a ratio that may be lost, beyond what noise explains. */
const MOST_LOST = 0.2;

/** One ratio of this run beside the baseline's. */
export interface Comparison {
  readonly name: string;
  /** Undefined for a ratio that the baseline does not have. */
  readonly before: number | undefined;
  readonly now: number;
  /** The part that was lost since the baseline; below 0 where something was won. */
  readonly lost: number;
  /** What both runs' noise can make of equal speeds, as a part. */
  readonly noise: number;
  readonly isLoss: boolean;
}

/**
 * @throws Error for a ratio of the baseline that this run did not measure: a guard that looks away is none
 */
export function compare(baseline: readonly Ratio[], current: readonly Ratio[]): Comparison[] {
  const unmeasured = baseline.filter(({ name }) => !current.some((ratio) => ratio.name === name));
  if (unmeasured.length > 0) {
    const names = unmeasured.map(({ name }) => name).join('; ');
    throw new Error(
      `The baseline has what this run did not measure: ${names}. Write a new one with -- --update`,
    );
  }
  return current.map((now) =>
    compareOne(
      baseline.find(({ name }) => name === now.name),
      now,
    ),
  );
}

function compareOne(before: Ratio | undefined, now: Ratio): Comparison {
  const { name, median } = now;
  if (before === undefined) return { name, before, now: median, lost: 0, noise: now.noise, isLoss: false };
  const kept = now.better === 'higher' ? median / before.median : before.median / median;
  const lost = 1 - kept;
  const noise = Math.hypot(before.noise, now.noise);
  return { name, before: before.median, now: median, lost, noise, isLoss: lost - noise > MOST_LOST };
}
