import type { LoggedRequest, SeenCommit } from '../witnesses/evidence.js';
import { grouped, type Joined } from './joined.js';
import type { Violation } from './violation.js';

/** Two clocks of one machine are compared, the broker's in whole milliseconds. */
const TOLERANCE_MS = 50;
/** A server may take a call for expired so much before it is: it knows the broker's clock within bounds. */
const CLOCK_TOLERANCE_MS = 1_000;

/** I4 */
export const commitsPassNothing = (joined: Joined): Violation[] => {
  if (joined.facts.promise.losesLog) return [];
  const seen = grouped(joined.commits, ({ partition }) => partition);
  return [...grouped(joined.requests, ({ partition }) => partition)].flatMap(([partition, requests]) =>
    passedIn(requests, seen.get(partition) ?? []).flatMap(({ request, seenAtMs }) => {
      const finishedAtMs = finishedAt(joined, request);
      if (finishedAtMs <= seenAtMs + TOLERANCE_MS) return [];
      const by =
        finishedAtMs === Infinity ? 'and never finished' : `${Math.round(finishedAtMs - seenAtMs)} ms early`;
      return [
        { invariant: 'I4', text: `[${partition}] ${request.offset} ${request.nonce} was committed, ${by}` },
      ];
    }),
  );
};

/** I6 */
export const commitsDoNotGoBack = ({ commits, facts }: Joined): Violation[] => {
  if (facts.promise.losesLog) return [];
  return [...grouped(commits, ({ partition }) => partition)].flatMap(([partition, seen]) =>
    seen.flatMap(({ offset }, at) => {
      const before = seen[at - 1]?.offset ?? 0;
      return offset >= before
        ? []
        : [{ invariant: 'I6', text: `[${partition}] from ${before} to ${offset}` }];
    }),
  );
};

/** I11 */
export const noPartitionStaysBehind = ({ commits, requests, facts }: Joined): Violation[] => {
  if (facts.promise.losesLog) return [];
  const last = new Map(commits.map(({ partition, offset }) => [partition, offset]));
  return [...grouped(requests, ({ partition }) => partition)].flatMap(([partition, logged]) => {
    const end = 1 + Math.max(...logged.map(({ offset }) => offset));
    const committed = last.get(partition) ?? 0;
    return committed >= end
      ? []
      : [{ invariant: 'I11', text: `[${partition}] is at ${committed} of ${end}` }];
  });
};

/** Each request with the time at which a commit behind it was first seen. */
const passedIn = (
  requests: readonly LoggedRequest[],
  seen: readonly SeenCommit[],
): { readonly request: LoggedRequest; readonly seenAtMs: number }[] => {
  const inOrder = [...requests].sort((a, b) => a.offset - b.offset);
  const passed: { request: LoggedRequest; seenAtMs: number }[] = [];
  let next = 0;
  for (const { offset, seenAtMs } of seen)
    for (
      let request = inOrder[next];
      request !== undefined && request.offset < offset;
      request = inOrder[++next]
    )
      passed.push({ request, seenAtMs });
  return passed;
};

const finishedAt = (
  joined: Joined,
  { nonce, callId, isEvent, appendedAtMs, ttlMs }: LoggedRequest,
): number => {
  const expired = ttlMs === 0 ? Infinity : appendedAtMs + ttlMs - CLOCK_TOLERANCE_MS;
  const cancelled = joined.cancelledAtMs(callId) ?? Infinity;
  const ended = isEvent
    ? Math.min(...joined.runsOf(nonce).map(({ endedAtMs }) => endedAtMs ?? Infinity))
    : (joined.endedAtMs(callId) ?? Infinity);
  return Math.min(expired, cancelled, ended);
};
