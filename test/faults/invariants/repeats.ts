import type { Run } from '../witnesses/evidence.js';
import type { Joined } from './joined.js';
import type { Violation } from './violation.js';

/** What was run more than once, and what of it had been finished before. */
export interface Repeats {
  readonly runs: number;
  readonly ofFinished: readonly string[];
}

/** Appended at the same moment as the next run began is not before it. */
const TOLERANCE_MS = 20;
/** What runs longer when its partition is about to move is not waited for: the next owner may run it again. */
const WAITED_FOR_MS = 900;

export const repeatsOf = (joined: Joined): Repeats => {
  const again = joined.requests
    .map(({ nonce, callId, isEvent }) => ({ runs: joined.runsOf(nonce), nonce, callId, isEvent }))
    .filter(({ runs }) => runs.length > 1);
  const { movesPartitions } = joined.facts.promise;
  const ofFinished = again.filter(({ runs, callId, isEvent }) => {
    const finishedAtMs = isEvent ? firstEnd(runs) : (joined.endedAtMs(callId) ?? Infinity);
    const tookMs = finishedAtMs - (runs[0]?.startedAtMs ?? 0);
    if (movesPartitions && tookMs > WAITED_FOR_MS) return false;
    return runs.some(({ startedAtMs }) => startedAtMs > finishedAtMs + TOLERANCE_MS);
  });
  const runs = again.reduce((sum, each) => sum + each.runs.length - 1, 0);
  return { runs, ofFinished: ofFinished.map(({ nonce }) => nonce) };
};

/** I7 */
export const repeatsAreBounded = (joined: Joined): Violation[] => {
  const { promise, crashes, callsPerSecond, commitIntervalMs, concurrency } = joined.facts;
  if (promise.losesLog) return [];
  const { ofFinished } = repeatsOf(joined);
  const bound = crashes * (concurrency + Math.ceil((callsPerSecond * commitIntervalMs) / 1_000));
  if (ofFinished.length <= bound) return [];
  const some = ofFinished
    .slice(0, 4)
    .map((nonce) => historyOf(joined, nonce))
    .join('; ');
  return [
    {
      invariant: 'I7',
      text: `${ofFinished.length} finished calls were run again, at most ${bound} may: ${some}`,
    },
  ];
};

/** In milliseconds from the beginning of the fault. */
const historyOf = (joined: Joined, nonce: string): string => {
  const since = (atMs: number | undefined): string =>
    atMs === undefined ? '-' : `${Math.round(atMs - joined.facts.faultFromMs)}`;
  const request = joined.requestOf(nonce);
  const runs = joined
    .runsOf(nonce)
    .map(({ pid, startedAtMs, endedAtMs }) => `${pid} from ${since(startedAtMs)} to ${since(endedAtMs)}`);
  const replied = request && joined.endedAtMs(request.callId);
  return `${nonce} at [${request?.partition ?? '-'}] ${request?.offset ?? '-'}: run by ${runs.join(', by ')}, replied ${since(replied)}`;
};

const firstEnd = (runs: readonly Run[]): number =>
  Math.min(...runs.map(({ endedAtMs }) => endedAtMs ?? Infinity));
