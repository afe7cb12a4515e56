import { setTimeout as sleep } from 'node:timers/promises';
import { DEADLINE_MS } from '../conductor/cast.js';
import type { FaultWindow, Scene } from './fault-window.js';
import { clockSteps, standsStill } from './one-process.js';

const A_MOMENT_MS = 2_000;
const FIVE_MINUTES_MS = 300_000;

/** One more client, under load. */
export const newcomer = async ({ cast }: Scene, perSecond = 50) => {
  const client = await cast.startClient();
  await client.ask('start', perSecond);
  return client;
};

const standStill = (forMs: number): FaultWindow => ({
  name: `a client stands still for ${forMs / 1_000} s`,
  // Longer than its deadlines: what came meanwhile may be too much to be read before they end.
  promise: forMs > DEADLINE_MS ? { failures: 'typed' } : {},
  happen: (scene) => standsStill(scene, scene.cast.clients, forMs),
});

const step = (byMs: number): FaultWindow => ({
  name: `the clock of a client steps by ${byMs / 60_000} minutes`,
  happen: (scene) => clockSteps(scene, scene.cast.clients, byMs),
});

/** What happens to clients. */
export const CLIENT_WINDOWS: readonly FaultWindow[] = [
  {
    name: 'a client is killed, and another one comes',
    happen: async (scene) => {
      const { cast, random, happened } = scene;
      const victim = random.pick(cast.clients);
      await victim.kill();
      happened(`${victim.name} is gone`, !victim.isRunning);
      await newcomer(scene);
      await sleep(A_MOMENT_MS);
    },
  },
  standStill(8_000),
  standStill(DEADLINE_MS + 2_000),
  {
    name: 'the event loop of a client is blocked for 5 s',
    happen: async ({ cast, random, happened }) => {
      const victim = random.pick(cast.clients);
      await victim.ask('block', 5_000);
      await sleep(7_000);
      const longest = Math.max(0, ...victim.story().stalls.map(({ from, to }) => to - from));
      happened(`${victim.name} stood still for ${Math.round(longest)} ms`, longest > 4_500);
    },
  },
  {
    name: 'clients come and go',
    happen: async (scene) => {
      for (let i = 0; i < 2; i++) {
        const client = await newcomer(scene);
        await sleep(1_000);
        await client.ask('stop');
        const isSettled = await scene.cast.settledOf(client, DEADLINE_MS);
        scene.happened(`${client.name} came and went`, isSettled);
        await client.stop();
      }
    },
  },
  step(FIVE_MINUTES_MS),
  step(-FIVE_MINUTES_MS),
];
