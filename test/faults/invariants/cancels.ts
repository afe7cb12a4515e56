import type { Run } from '../witnesses/evidence.js';
import type { Joined } from './joined.js';
import type { Violation } from './violation.js';

const HEARD_WITHIN_MS = 2_500;

/** I15 */
export const cancelsAreHeard = (joined: Joined): Violation[] => {
  const { facts, requests } = joined;
  if (facts.promise.losesLog) return [];
  return requests.flatMap(({ nonce, callId }) => {
    const cancelledAtMs = joined.cancelledAtMs(callId);
    if (cancelledAtMs === undefined) return [];
    return joined
      .runsOf(nonce)
      .filter((run) => hasMissed(joined, run, cancelledAtMs))
      .map(({ run }) => ({
        invariant: 'I15',
        text: `${nonce}: run ${run} never heard that its caller is gone`,
      }));
  });
};

/** While the fault lasts, nobody may be able to read the cancel. */
const hasMissed = ({ facts }: Joined, { how, endedAtMs = 0 }: Run, cancelledAtMs: number): boolean => {
  const { faultFromMs, recoveredAtMs = Infinity } = facts;
  const isInFault = endedAtMs > faultFromMs && cancelledAtMs < recoveredAtMs;
  return how === 'done' && endedAtMs > cancelledAtMs + HEARD_WITHIN_MS && !isInFault;
};
