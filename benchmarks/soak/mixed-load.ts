import type { Work } from '../fleet/commands.js';
import type { FleetClient } from '../fleet/fleet.js';

/** Of each kind of work so many in a second. */
const SHARES: readonly { readonly work: Work; readonly callsPerSecond: number }[] = [
  { work: { kind: 'sum' }, callsPerSecond: 350 },
  { work: { kind: 'emit' }, callsPerSecond: 100 },
  { work: { kind: 'echo', bytes: 1_024 }, callsPerSecond: 30 },
  { work: { kind: 'stream', values: 20 }, callsPerSecond: 20 },
];

export const CALLS_PER_SECOND = SHARES.reduce((sum, { callsPerSecond }) => sum + callsPerSecond, 0);

/** Calls, events, payloads and streams side by side. @throws when one of them is not answered, or not rightly */
export const mixedLoad = (client: FleetClient, seconds: number): Promise<unknown> =>
  Promise.all(
    SHARES.map(({ work, callsPerSecond }) =>
      client.ask('runOpen', { work, load: { callsPerSecond, seconds, callers: 1 } }),
    ),
  );
