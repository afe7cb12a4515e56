import type { Sum, Terms } from './load.js';
import type { Operation } from './operation.js';

/** Sums, each with a nonce that differs from load to load: an answer to an older load's call is found out. */
export function sums(call: (terms: Terms, caller: number) => Promise<Sum>): Operation<Sum> {
  const firstNonce = Math.floor(Math.random() * 2 ** 40);
  const terms = (at: number): Terms => ({ a: at, b: at % 997, nonce: firstNonce + at });
  return {
    run: (at, caller) => call(terms(at), caller),
    check: (at, answer) => checkAnswer(terms(at), answer),
  };
}

/** @throws Error when the answer is not that of this call. */
export function checkAnswer({ a, b, nonce }: Terms, answer: Sum): void {
  if (answer.sum === a + b && answer.nonce === nonce) return;
  throw new Error(
    `Wrong answer: asked ${a} + ${b} with nonce ${nonce}, got ${answer.sum} with nonce ${answer.nonce}`,
  );
}
