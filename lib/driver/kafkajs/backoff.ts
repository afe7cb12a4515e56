import { setMaxListeners } from 'node:events';

const FIRST_MS = 50;
const LONGEST_MS = 1_000;

/** How long to wait before the attempt with this number, counted from 0: 50 ms, doubled each time, 1 s at most. */
export const backoffMs = (attempt: number): number =>
  Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), LONGEST_MS);

/** Resolves after `delayMs`, or as soon as the signal aborts. */
export const sleep = (delayMs: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, delayMs);
    signal?.addEventListener('abort', wake);
  });

/** Waits for the work to end, well or not, but no longer than `limitMs`. */
export const within = async (work: Promise<unknown>, limitMs: number): Promise<void> => {
  const limit = new AbortController();
  await Promise.race([work.catch(() => undefined), sleep(limitMs, limit.signal)]);
  limit.abort();
};

/** Ends any number of waits at once: Node would warn of the eleventh. */
export const endOfWaits = (): AbortController => {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
};

/** Resolves when the signal aborts. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
