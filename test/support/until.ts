import { setImmediate as turn } from 'node:timers/promises';

const LIMIT_MS = 20_000;

/** Resolves in the turn of the event loop in which `condition` holds. @throws what was waited for, if it never does. */
export const until = async (condition: () => boolean): Promise<void> => {
  const deadline = performance.now() + LIMIT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Not within ${LIMIT_MS} ms: ${String(condition)}`);
    await turn();
  }
};

/** Lets everything happen that needs no timer: enough turns for a call to go through both sides. */
export const turns = async (count = 50): Promise<void> => {
  for (let i = 0; i < count; i++) await turn();
};
