import { setImmediate as nextTurn } from 'node:timers/promises';

/** How many numbers are tried before other calls have their turn: also how soon an unsubscription is noticed. */
const TRIED_PER_TURN = 1_000;

/** The primes below a limit, found while they are read. */
export async function* primesBelow(limit: number): AsyncGenerator<number> {
  const found: number[] = [];
  for (let candidate = 2; candidate < limit; candidate++) {
    if (candidate % TRIED_PER_TURN === 0) await nextTurn();
    if (!isPrime(candidate, found)) continue;
    found.push(candidate);
    yield candidate;
  }
}

/** @param smaller all primes below the candidate */
function isPrime(candidate: number, smaller: readonly number[]): boolean {
  for (const prime of smaller) {
    if (prime * prime > candidate) return true;
    if (candidate % prime === 0) return false;
  }
  return true;
}
