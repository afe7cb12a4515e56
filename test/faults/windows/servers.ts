import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_SETTINGS } from '../conductor/cast.js';
import type { FaultWindow } from './fault-window.js';

/** Past its session: the group goes on without it. */
export const PAST_SESSION_MS = SERVER_SETTINGS.sessionTimeoutMs + 3_000;

/** What happens to servers. */
export const SERVER_WINDOWS: readonly FaultWindow[] = [
  {
    name: 'a server is killed',
    isShort: true,
    happen: async ({ cast, random, happened, crashed }) => {
      const victim = random.pick(cast.servers);
      await victim.kill();
      crashed();
      happened(`${victim.name} is gone`, !victim.isRunning);
      await sleep(PAST_SESSION_MS);
      await cast.startServer();
    },
  },
  {
    name: 'a server stands still past its session, and goes on',
    isShort: true,
    happen: async ({ cast, random, happened, crashed }) => {
      const victim = random.pick(cast.servers);
      victim.signal('SIGSTOP');
      crashed();
      await sleep(PAST_SESSION_MS);
      victim.signal('SIGCONT');
      happened(`${victim.name} stood still for ${PAST_SESSION_MS} ms`, victim.isRunning);
      await sleep(2_000);
    },
  },
];
