/** A random source that gives the same numbers for the same seed: a failing case can be run again. */
export interface SeededRandom {
  /** From 0, inclusive, to 1, exclusive. */
  next(): number;
  /** An integer from 0, inclusive, to `below`, exclusive. */
  integer(below: number): number;
  pick<T>(choices: readonly T[]): T;
}

/** mulberry32: 32 bits of state, good enough for test data. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const integer = (below: number) => Math.floor(next() * below);
  return { next, integer, pick: (choices) => choices[integer(choices.length)] as (typeof choices)[number] };
}
