import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** The context in which this package was loaded: nobody's request. */
const inNobodysContext = AsyncLocalStorage.snapshot();

/**
 * Runs code in an async context that it shares with nobody: it sees no `AsyncLocalStorage` of whoever happens to have come
 * before, and what it enters with `enterWith()` is seen by nobody behind it.
 *
 * Cost: an `AsyncResource`.
 */
export const inCleanContext = <A>(code: (argument: A) => void, argument: A): void =>
  inNobodysContext(inOwnContext<A>, code, argument);

const inOwnContext = <A>(code: (argument: A) => void, argument: A): void => {
  new AsyncResource('nestjs-kafka-rpc').runInAsyncScope(code, undefined, argument);
};
