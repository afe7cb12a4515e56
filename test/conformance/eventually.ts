import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 5;

/**
 * Tries until `attempt` gives a value, and gives it on.
 * @throws what the last attempt threw, once the deadline has passed.
 */
export const eventually = async <T>(deadlineMs: number, attempt: () => T | Promise<T>): Promise<T> => {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await delay(RETRY_MS);
    }
  }
};

/** What the promise gives, or a failure that names `what` once the time has passed. */
export const within = async <T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> => {
  const timer = new AbortController();
  const tooLate = delay(timeoutMs, undefined, { signal: timer.signal }).then((): never => {
    throw new Error(`${what}: not within ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    tooLate.catch(() => undefined);
    timer.abort();
  }
};
