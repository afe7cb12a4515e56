import type { Evidence, LedgerCall, LoggedRequest, ProcessStory, Run } from '../witnesses/evidence.js';

/** The evidence of a window, found by names. */
export interface Joined extends Evidence {
  readonly callOf: (nonce: string) => LedgerCall | undefined;
  /** In the order of their beginnings. */
  readonly runsOf: (nonce: string) => readonly Run[];
  readonly requestOf: (nonce: string) => LoggedRequest | undefined;
  /** When the first end of a call was appended; undefined for never. */
  readonly endedAtMs: (callId: string) => number | undefined;
  readonly cancelledAtMs: (callId: string) => number | undefined;
  readonly clientOf: (call: LedgerCall) => ProcessStory | undefined;
}

export const join = (evidence: Evidence): Joined => {
  const { calls, runs, requests, ends, cancels, processes } = evidence;
  const callByNonce = new Map(calls.map((call) => [call.nonce, call]));
  const requestByNonce = new Map(requests.map((request) => [request.nonce, request]));
  const runsByNonce = grouped(runs, ({ nonce }) => nonce);
  const firstEnds = firstOfEach(ends);
  const firstCancels = firstOfEach(cancels);
  return {
    ...evidence,
    callOf: (nonce) => callByNonce.get(nonce),
    runsOf: (nonce) => runsByNonce.get(nonce) ?? [],
    requestOf: (nonce) => requestByNonce.get(nonce),
    endedAtMs: (callId) => firstEnds.get(callId),
    cancelledAtMs: (callId) => firstCancels.get(callId),
    clientOf: ({ client }) => processes.find(({ name }) => name === client),
  };
};

/** Whether the suite killed the client of a call: nobody knows what became of it. */
export const isOrphan = ({ clientOf }: Joined, call: LedgerCall): boolean =>
  clientOf(call)?.endedBy === 'SIGKILL';

/** When a process did not get to its event loop between two times, in milliseconds. */
export const stalledMs = (process: ProcessStory | undefined, fromMs: number, toMs: number): number =>
  (process?.stalls ?? []).reduce(
    (sum, { from, to }) => sum + Math.max(0, Math.min(to, toMs) - Math.max(from, fromMs)),
    0,
  );

const firstOfEach = (
  logged: readonly { readonly callId: string; readonly appendedAtMs: number }[],
): ReadonlyMap<string, number> => {
  const first = new Map<string, number>();
  for (const { callId, appendedAtMs } of logged)
    if (appendedAtMs < (first.get(callId) ?? Infinity)) first.set(callId, appendedAtMs);
  return first;
};

/** As `Map.groupBy`, which Node 20 does not have. */
export const grouped = <T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> => {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
};
