/** Whether it is a promise: of this realm, of another one, or of a library. @throws what looking at its `then` throws */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';

/**
 * Has it told if what user code gave back fails later. Nobody waits for such a result, and a rejection that nobody handles ends
 * the process. Never throws. Costs two comparisons for what is no object.
 */
export const hearRejection = (result: unknown, onRejected: (error: unknown) => void): void => {
  if (typeof result !== 'object' || result === null) return;
  // Not `result.then` or `Promise.resolve()`: both look at it, and may throw.
  new Promise((resolve) => resolve(result)).catch(onRejected);
};
