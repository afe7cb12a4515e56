import { AsyncResource } from 'node:async_hooks';

/** Of the context in which this package was loaded: nobody's request. */
const nobody = new AsyncResource('nestjs-kafka-rpc');

/**
 * Runs code in its own async context. The code sees no `AsyncLocalStorage` of earlier code, and later code does not see the stores
 * that it enters with `enterWith()`.
 *
 * Cost: an `AsyncResource`, 0.1 µs; `AsyncLocalStorage.snapshot()` took three times as long.
 */
export const inCleanContext = <A>(code: (argument: A) => void, argument: A): void =>
  nobody.runInAsyncScope(inOwnContext<A>, undefined, code, argument);

const inOwnContext = <A>(code: (argument: A) => void, argument: A): void => {
  new AsyncResource('nestjs-kafka-rpc').runInAsyncScope(code, undefined, argument);
};
