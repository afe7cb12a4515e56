import type { Joined } from './joined.js';
import type { Violation } from './violation.js';

/** H1 */
export const healthIsTrue = ({ processes }: Joined): Violation[] =>
  processes.flatMap(({ name, atRest }) => {
    if (atRest === undefined) return [];
    const { isReady, state, reason, wasEverDead } = atRest.health;
    const wrong: string[] = [];
    if (!isReady) wrong.push(`${name} says ${state}, ${reason ?? 'without a reason'}, when all is well`);
    if (wasEverDead) wrong.push(`${name} said that a restart would help`);
    return wrong.map((text) => ({ invariant: 'H1', text }));
  });
