import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultWindow, Scene } from './fault-window.js';
import { PAST_SESSION_MS } from './servers.js';

/** A fault that may come at the same time as others. @returns what ends it */
type Trouble = (scene: Scene) => Promise<() => Promise<unknown>>;

const nothing = async (): Promise<void> => undefined;

const TROUBLES: Readonly<Record<string, Trouble>> = {
  'a server is killed': async ({ cast, random, crashed }) => {
    await random.pick(cast.servers).kill();
    crashed();
    return () => cast.startServer();
  },
  'a server stands still': async ({ cast, random, crashed }) => {
    const victim = random.pick(cast.servers);
    victim.signal('SIGSTOP');
    crashed();
    return async () => victim.signal('SIGCONT');
  },
  'a server joins': async ({ cast }) => {
    await cast.startServer();
    return nothing;
  },
  'a server leaves': async ({ cast }) => {
    await cast.servers.find(({ isStopped }) => !isStopped)?.stop();
    return () => cast.startServer();
  },
  'all connections are reset': async ({ network }) => {
    network.reset();
    return nothing;
  },
  'connections are short-lived': async ({ network, random }) => {
    network.limitLifetimes(500, 1_500, random);
    return nothing;
  },
  'a broker is silent': async ({ network, random, crashed }) => {
    const proxy = random.pick(network.proxies);
    proxy.hold();
    crashed(3);
    return async () => proxy.release();
  },
  'a broker is killed': async ({ kafka, random, stand, crashed }) => {
    if (!stand.powers.has('brokers')) return nothing;
    const node = 1 + random.integer(kafka.nodes);
    if (kafka.pid(node) === undefined) return nothing;
    await kafka.kill(node);
    crashed(3);
    return nothing;
  },
  'answers to Produce are lost': async ({ network, random }) => {
    const rule = network.loseOneIn(10, { api: 'Produce', way: 'answer', fate: 'cut', random });
    return async () => rule.end();
  },
  'leaders move': async ({ stand, cast }) => {
    if (!stand.powers.has('brokers')) return nothing;
    await stand.leaders.move([cast.requests, cast.replies]).catch(() => undefined);
    return nothing;
  },
  'there is latency': async ({ network }) => {
    network.delayMs = 100;
    return nothing;
  },
};

const AT_ONCE = 3;

/** Several faults at once, by chance. */
export const mixed = (number: number): FaultWindow => ({
  name: `several faults at once, ${number}`,
  promise: { failures: 'typed', movesPartitions: true },
  happen: async (scene) => {
    const names = Object.keys(TROUBLES);
    const ends: (() => Promise<unknown>)[] = [];
    for (let i = 0; i < AT_ONCE; i++) {
      const [name = ''] = names.splice(scene.random.integer(names.length), 1);
      const trouble = TROUBLES[name];
      if (trouble === undefined) continue;
      ends.push(await trouble(scene));
      scene.happened(name, true);
      await sleep(1_000);
    }
    await sleep(PAST_SESSION_MS - AT_ONCE * 1_000);
    // Brokers first: a server does not come to one that is away.
    await scene.stand.heal();
    for (const end of ends) await end();
  },
});
