/** Whether all faults are to be run, and each for as long as it takes: `npm run test:limits`. `npm test` runs a short selection. */
export const isLongTier = process.env.FAULTS === 'long';

/** For what a scenario leaves to chance; given in its title, so that it can be run again. */
export const faultSeed = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);

/** `test` for what belongs to every run, `long` for the rest. */
export const inTier = <T extends { readonly isShort?: boolean }>(cases: readonly T[]): readonly T[] =>
  isLongTier ? cases : cases.filter(({ isShort }) => isShort);
