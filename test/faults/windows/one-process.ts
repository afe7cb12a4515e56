import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor } from '../conductor/actor.js';
import type { Scene } from './fault-window.js';

const A_MOMENT_MS = 2_000;
const STEP_LASTS_MS = 5_000;

/** One of the processes gets no time of the machine, and then goes on. */
export const standsStill = async (
  { random, happened }: Scene,
  actors: readonly Actor[],
  forMs: number,
): Promise<void> => {
  const victim = random.pick(actors);
  victim.signal('SIGSTOP');
  await sleep(forMs);
  happened(`${victim.name} stood still for ${forMs} ms`, victim.isStopped);
  victim.signal('SIGCONT');
  await sleep(A_MOMENT_MS);
};

/** The clock of one of the processes is set. */
export const clockSteps = async (
  { random, happened }: Scene,
  actors: readonly Actor[],
  byMs: number,
): Promise<void> => {
  const victim = random.pick(actors);
  const steppedMs = await victim.ask<number>('step', byMs);
  happened(`the clock of ${victim.name} stepped by ${steppedMs} ms`, Math.abs(steppedMs - byMs) < 1_000);
  await sleep(STEP_LASTS_MS);
};
