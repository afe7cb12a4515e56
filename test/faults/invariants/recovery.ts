import type { Joined } from './joined.js';
import type { Violation } from './violation.js';

const RECOVERS_IN_MS = 60_000;
/** A machine with other work makes a steady load unsteady; less than this is none. */
const LEAST_SHARE_OF_LOAD = 0.3;

/** I10 */
export const allIsWellAgain = ({ facts }: Joined): Violation[] => {
  const { healedAtMs, recoveredAtMs, promise } = facts;
  const { recoversInMs = RECOVERS_IN_MS } = promise;
  if (recoveredAtMs === undefined)
    return [{ invariant: 'I10', text: 'calls were not answered, or records not read' }];
  const tookMs = Math.round(recoveredAtMs - healedAtMs);
  return tookMs <= recoversInMs
    ? []
    : [{ invariant: 'I10', text: `it took ${tookMs} ms, of ${recoversInMs}` }];
};

/** L1 */
export const loadWasALoad = ({ calls, facts }: Joined): Violation[] => {
  const { callsPerSecond, endedAtMs, healedAtMs } = facts;
  const sentAtMs = calls.map((call) => call.sentAtMs);
  const from = Math.min(...sentAtMs);
  const planned = ((endedAtMs - from) / 1_000) * callsPerSecond;
  if (calls.length < planned * LEAST_SHARE_OF_LOAD)
    return [{ invariant: 'L1', text: `${calls.length} calls, of about ${Math.round(planned)}` }];
  if (calls.some((call) => call.sentAtMs > healedAtMs)) return [];
  return [{ invariant: 'L1', text: 'no call was made when the fault was over' }];
};
