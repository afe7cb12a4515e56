import { setTimeout as sleep } from 'node:timers/promises';
import { right, type Right } from '../../support/access-control.js';
import type { Cast } from '../conductor/cast.js';
import type { FaultWindow } from './fault-window.js';

const TAKEN_FOR_MS = 5_000;
const A_MOMENT_MS = 2_000;

/** Calls may fail with a status meanwhile; more of the promises is not touched. */
const taken = (what: string, of: (cast: Cast) => Right): FaultWindow => ({
  name: `the right to ${what} is taken, and given back`,
  needs: ['users'],
  user: 'limited',
  promise: { failures: 'typed', movesPartitions: true },
  happen: async ({ cast, stand, happened, crashed }) => {
    const lost = of(cast);
    const rights = await stand.rights.revoke('limited', lost);
    happened(`${rights} rights were taken`, rights === 1);
    // Without a right in its group a member may be taken for dead.
    crashed(cast.servers.length);
    await sleep(TAKEN_FOR_MS);
    await stand.rights.grant('limited', lost);
    await sleep(A_MOMENT_MS);
  },
});

/** Rights are taken and given back. */
export const RIGHTS_WINDOWS: readonly FaultWindow[] = [
  taken('write replies', ({ replies }) => right('Write', 'topic', replies)),
  taken('read replies', ({ replies }) => right('Read', 'topic', replies)),
  taken('write requests', ({ requests }) => right('Write', 'topic', requests)),
  taken('read requests', ({ requests }) => right('Read', 'topic', requests)),
  taken('be in the group', ({ groupId }) => right('Read', 'group', groupId)),
];
