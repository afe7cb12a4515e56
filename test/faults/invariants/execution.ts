import type { LoggedRequest } from '../witnesses/evidence.js';
import { isOrphan, type Joined } from './joined.js';
import type { Violation } from './violation.js';

/** A server knows the broker's clock within bounds, and a handler begins a moment after it was looked at. */
const CLOCK_TOLERANCE_MS = 1_000;

/** I1 */
export const allIsRun = (joined: Joined): Violation[] => {
  if (joined.facts.promise.losesLog) return [];
  const { requests, calls, facts } = joined;
  const isExcused = ({ callId, appendedAtMs, ttlMs }: LoggedRequest): boolean =>
    joined.cancelledAtMs(callId) !== undefined || (ttlMs > 0 && appendedAtMs + ttlMs < facts.restedAtMs);
  const notRun = requests
    .filter(({ nonce }) => joined.runsOf(nonce).length === 0)
    .filter((request) => !isExcused(request))
    .map(
      ({ nonce, partition, offset }) =>
        `${nonce} (${joined.callOf(nonce)?.kind ?? 'of nobody'}) at [${partition}] ${offset} was never run`,
    );
  const lost = calls
    .filter(({ settlements }) => settlements[0]?.how === 'answered')
    .filter(({ nonce }) => joined.requestOf(nonce) === undefined)
    .map(({ nonce, kind }) => `${nonce} (${kind}) went well for its caller, and does not stand in the topic`);
  return [...notRun, ...lost].map((text) => ({ invariant: 'I1', text }));
};

/** I8 */
export const saidNotToRun = (joined: Joined): Violation[] =>
  joined.calls
    .filter(({ settlements }) => settlements[0]?.isDefinite)
    .filter(({ nonce }) => joined.requestOf(nonce) !== undefined || joined.runsOf(nonce).length > 0)
    .filter((call) => !isOrphan(joined, call))
    .map(({ nonce, settlements }) => ({
      invariant: 'I8',
      text: `${nonce} was sent all the same: ${settlements[0]?.text ?? ''}`,
    }));

/** I9 */
export const startedInTime = (joined: Joined): Violation[] => {
  const appended = new Map<string, LoggedRequest>();
  for (const request of joined.requests)
    appended.set(`${request.partition} ${request.offset} ${request.nonce}`, request);
  return joined.runs.flatMap(({ nonce, partition, offset, startedAtMs }) => {
    const request = appended.get(`${partition} ${offset} ${nonce}`);
    if (request === undefined || request.ttlMs === 0) return [];
    const lateMs = startedAtMs - (request.appendedAtMs + request.ttlMs);
    if (lateMs <= CLOCK_TOLERANCE_MS) return [];
    return [{ invariant: 'I9', text: `${nonce} began ${Math.round(lateMs)} ms behind its deadline` }];
  });
};
