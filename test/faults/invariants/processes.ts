import type { Run } from '../witnesses/evidence.js';
import { grouped, type Joined } from './joined.js';
import type { Violation } from './violation.js';

const MAX_RESIDENT_BYTES = 400 * 1024 * 1024;
/** `gracePeriodMs` of the suite's servers, and what a busy machine adds. */
const STOPS_WITHIN_MS = 20_000;

/** What a server runs at once may be that much: what nobody waits for any more holds no place. */
const ABANDONED_AT_MOST = 2;

/** I12 */
export const nothingIsTooMuch = (joined: Joined): Violation[] => [...leftovers(joined), ...crowds(joined)];

/** Servers that ran more at once than they may. */
const crowds = ({ runs, facts }: Joined): Violation[] => {
  const bound = facts.concurrency * ABANDONED_AT_MOST;
  return [...grouped(runs, ({ pid }) => pid)].flatMap(([pid, ofServer]) => {
    const most = mostAtOnce(ofServer);
    return most <= bound
      ? []
      : [{ invariant: 'I12', text: `process ${pid} ran ${most} calls at once, of ${bound}` }];
  });
};

const mostAtOnce = (runs: readonly Run[]): number => {
  const steps = runs.flatMap(({ startedAtMs, endedAtMs = startedAtMs }) => [
    { atMs: startedAtMs, by: 1 },
    { atMs: endedAtMs, by: -1 },
  ]);
  steps.sort((a, b) => a.atMs - b.atMs);
  let now = 0;
  return steps.reduce((most, { by }) => Math.max(most, (now += by)), 0);
};

const leftovers = ({ processes }: Joined): Violation[] =>
  processes.flatMap(({ name, atRest }) => {
    if (atRest === undefined) return [];
    const { inHand, residentBytes } = atRest;
    const wrong: string[] = [];
    if (inHand > 0) wrong.push(`${name} has ${inHand} calls in hand with nothing to do`);
    if (residentBytes > MAX_RESIDENT_BYTES)
      wrong.push(`${name} takes ${Math.round(residentBytes / 1024 / 1024)} MiB`);
    return wrong.map((text) => ({ invariant: 'I12', text }));
  });

/** I13 */
export const noProcessEnds = ({ processes }: Joined): Violation[] =>
  processes.flatMap(({ name, fatal, endedBy, end }) => {
    const wrong = fatal.map((text) => `${name}: ${text.slice(0, 600)}`);
    if (end !== undefined && endedBy === undefined)
      wrong.push(`${name} ended by itself with ${end.signal ?? end.code ?? 'nothing'}`);
    return wrong.map((text) => ({ invariant: 'I13', text }));
  });

/** I16 */
export const stopsInTime = ({ processes }: Joined): Violation[] =>
  processes
    .filter(({ endedBy }) => endedBy === 'SIGTERM')
    .flatMap(({ name, end, tookToEndMs = 0 }) => {
      const isInOrder = end?.code === 0 || end?.signal === 'SIGTERM';
      if (isInOrder && tookToEndMs <= STOPS_WITHIN_MS) return [];
      const text = `${name} ended with ${end?.signal ?? end?.code ?? 'nothing'}, ${Math.round(tookToEndMs)} ms behind its SIGTERM`;
      return [{ invariant: 'I16', text }];
    });
