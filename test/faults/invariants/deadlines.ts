import type { LedgerCall } from '../witnesses/evidence.js';
import { isOrphan, stalledMs, type Joined } from './joined.js';
import type { Violation } from './violation.js';

const TOLERANCE_MS = 250;
/** The broker's failure of an event is told a moment later than a call's own end. */
const EVENT_TOLERANCE_MS = 2_000;

/** I3 */
export const deadlinesAreKept = (joined: Joined): Violation[] =>
  joined.calls.flatMap((call) => {
    if (isOrphan(joined, call)) return [];
    const { nonce, kind, settlements } = call;
    const [first] = settlements;
    if (first === undefined) return [{ invariant: 'I3', text: `${nonce} (${kind}) has not ended` }];
    const lateMs = first.atMs - latestEnd(joined, call, first.atMs);
    if (lateMs <= 0) return [];
    return [{ invariant: 'I3', text: `${nonce} (${kind}) ended ${Math.round(lateMs)} ms too late` }];
  });

const latestEnd = (joined: Joined, call: LedgerCall, settledAtMs: number): number => {
  const { sentAtMs, deadlineMs, leftAtMs = Infinity, kind } = call;
  const tolerance = kind === 'event' ? EVENT_TOLERANCE_MS : TOLERANCE_MS;
  const stalled = stalledMs(joined.clientOf(call), sentAtMs, settledAtMs);
  return Math.min(sentAtMs + deadlineMs, leftAtMs) + tolerance + stalled;
};
