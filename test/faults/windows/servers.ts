import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_SETTINGS } from '../conductor/cast.js';
import type { FaultWindow, Scene } from './fault-window.js';
import { clockSteps, standsStill } from './one-process.js';

/** Past its session: the group goes on without it. */
export const PAST_SESSION_MS = SERVER_SETTINGS.sessionTimeoutMs + 3_000;
const WITHIN_SESSION_MS = 3_000;
const A_MOMENT_MS = 2_000;
const FIVE_MINUTES_MS = 300_000;

const killSome = async ({ cast, random, happened, crashed }: Scene, count: number): Promise<void> => {
  const victims = cast.servers.slice(random.integer(cast.servers.length - count + 1)).slice(0, count);
  await Promise.all(victims.map((victim) => victim.kill()));
  crashed(count);
  happened(
    `${victims.map(({ name }) => name).join(' and ')} gone`,
    victims.every((victim) => !victim.isRunning),
  );
};

/** In order, as a deployment does: the new one serves before the old one goes. */
const replace = async ({ cast, happened }: Scene): Promise<void> => {
  const [oldest] = cast.servers;
  await cast.startServer();
  await oldest?.stop();
  happened(`${oldest?.name ?? 'nobody'} was replaced`, oldest?.isRunning === false);
};

const step = (byMs: number): FaultWindow => ({
  name: `the clock of a server steps by ${byMs / 60_000} minutes`,
  happen: (scene) => clockSteps(scene, scene.cast.servers, byMs),
});

/** What happens to servers. */
export const SERVER_WINDOWS: readonly FaultWindow[] = [
  {
    name: 'a server is killed',
    isShort: true,
    happen: async (scene) => {
      await killSome(scene, 1);
      await sleep(PAST_SESSION_MS);
      await scene.cast.startServer();
    },
  },
  {
    name: 'a server stands still past its session, and goes on',
    isShort: true,
    happen: async (scene) => {
      scene.crashed();
      await standsStill(scene, scene.cast.servers, PAST_SESSION_MS);
    },
  },
  {
    name: 'a server stands still within its session',
    happen: (scene) => standsStill(scene, scene.cast.servers, WITHIN_SESSION_MS),
  },
  {
    name: 'two of three servers are killed at once',
    happen: async (scene) => {
      await killSome(scene, 2);
      await sleep(PAST_SESSION_MS);
      await scene.cast.startServer();
    },
  },
  {
    name: 'all servers are killed, and others come',
    happen: async (scene) => {
      await killSome(scene, 3);
      await sleep(A_MOMENT_MS);
      await Promise.all([scene.cast.startServer(), scene.cast.startServer()]);
    },
  },
  {
    name: 'a server dies between a handler and its reply',
    happen: async ({ cast, random, happened, crashed }) => {
      const victim = random.pick(cast.servers);
      const death = victim.expectDeath();
      crashed();
      await victim.ask('dieAfter', 1 + random.integer(20));
      const { signal } = await death;
      happened(`${victim.name} died of ${signal ?? 'nothing'}`, signal === 'SIGKILL');
      await sleep(PAST_SESSION_MS);
      await cast.startServer();
    },
  },
  {
    name: 'all servers are replaced, one after the other',
    promise: { movesPartitions: true },
    happen: async (scene) => {
      for (let i = 0; i < 3; i++) await replace(scene);
    },
  },
  {
    name: 'servers go from 3 to 5, and back to 3',
    promise: { movesPartitions: true },
    happen: async ({ cast, happened }) => {
      await Promise.all([cast.startServer(), cast.startServer()]);
      happened('there were 5 servers', cast.servers.length === 5);
      await sleep(A_MOMENT_MS);
      for (const server of cast.servers.slice(0, 2)) await server.stop();
      happened('there were 3 servers', cast.servers.length === 3);
    },
  },
  {
    name: 'servers come and go all the time',
    promise: { movesPartitions: true },
    happen: async ({ cast, happened }) => {
      const before = cast.everybody.length;
      for (let i = 0; i < 3; i++) {
        const newcomer = await cast.startServer();
        await sleep(500);
        await newcomer.stop();
      }
      happened('3 servers came and went', cast.everybody.length === before + 3);
    },
  },
  {
    name: 'the event loop of a server is blocked past its session',
    happen: async ({ cast, random, happened, crashed }) => {
      const victim = random.pick(cast.servers);
      crashed();
      await victim.ask('block', PAST_SESSION_MS);
      await sleep(PAST_SESSION_MS + A_MOMENT_MS);
      const longest = Math.max(0, ...victim.story().stalls.map(({ from, to }) => to - from));
      happened(
        `${victim.name} stood still for ${Math.round(longest)} ms`,
        longest > SERVER_SETTINGS.sessionTimeoutMs,
      );
    },
  },
  {
    name: 'the event loops of all servers are blocked, within the session',
    happen: async ({ cast, happened }) => {
      await Promise.all(cast.servers.map((server) => server.ask('block', WITHIN_SESSION_MS)));
      await sleep(WITHIN_SESSION_MS + A_MOMENT_MS);
      const stalled = cast.servers.filter((each) =>
        each.story().stalls.some(({ from, to }) => to - from > A_MOMENT_MS),
      );
      happened(`${stalled.length} stood still`, stalled.length === 3);
    },
  },
  {
    name: 'handlers are slow, and there are many calls at once',
    happen: async ({ cast, happened }) => {
      const calls = 600;
      for (const client of cast.clients) await client.ask('burst', { calls, ms: 1_000 });
      await sleep(1_500);
      const inHand = await Promise.all(
        cast.servers.map((server) => server.ask<{ inHand: number }>('gauges')),
      );
      const most = Math.max(...inHand.map((each) => each.inHand));
      happened(`${most} calls were in hand of one server`, most > SERVER_SETTINGS.concurrency);
    },
  },
  step(FIVE_MINUTES_MS),
  step(-FIVE_MINUTES_MS),
];
