import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy } from '../../support/fault-proxy.js';
import type { FaultWindow, Scene } from './fault-window.js';

const LASTS_MS = 10_000;
/** Within the session of a server, whose last heartbeat may be two seconds old. */
const SILENT_MS = 3_500;
/** A client's `requestTimeoutMs` is 10 s: it learns of what is lost only then. */
const UNNOTICED_MS = 11_000;
/** What a narrow link passes: 128 kilobytes a second. */
const NARROW = 128 * 1024;

const proxiesOf = ({ network, random }: Scene, count: number): FaultProxy[] => {
  const { proxies } = network;
  const first = random.integer(proxies.length);
  return proxies.filter((_, at) => (at - first + proxies.length) % proxies.length < count);
};

const silence = (brokers: number, forMs: number, more: Partial<FaultWindow> = {}): FaultWindow => ({
  name: `${brokers} of the brokers silent for ${forMs / 1_000} s, with all connections open`,
  ...more,
  happen: async (scene) => {
    const silent = proxiesOf(scene, brokers);
    const open = silent.reduce((sum, { openConnections }) => sum + openConnections, 0);
    scene.happened(`${open} connections were held`, open > 0);
    silent.forEach((proxy) => proxy.hold());
    if (forMs > SILENT_MS) scene.crashed(3);
    await sleep(forMs);
    silent.forEach((proxy) => proxy.release());
  },
});

const refusal = (brokers: number, forMs: number): FaultWindow => ({
  name: `${brokers} of the brokers cannot be reached for ${forMs / 1_000} s`,
  promise: { movesPartitions: true },
  happen: async (scene) => {
    const away = proxiesOf(scene, brokers);
    away.forEach((proxy) => proxy.refuse());
    // As long as a session: the coordinator may be among them.
    scene.crashed(3);
    await sleep(forMs);
    scene.happened(
      'nobody got through',
      away.every(({ openConnections }) => openConnections === 0),
    );
    away.forEach((proxy) => proxy.accept());
  },
});

const oneWay = (way: 'request' | 'answer'): FaultWindow => ({
  name: `${way}s to and from a broker are lost, and its connections stay open`,
  promise: { movesPartitions: true },
  happen: async ({ network, random, happened, crashed }) => {
    crashed(3);
    const rule = network.add({ way, fate: () => (random.integer(3) === 0 ? 'swallow' : 'pass') });
    await sleep(3_000);
    happened(`${rule.done} ${way}s were lost`, rule.done > 3);
    rule.end();
    await sleep(UNNOTICED_MS);
  },
});

/** A network that is bad in one way for a while. */
const weather = (
  name: string,
  change: (scene: Scene) => void,
  promise?: FaultWindow['promise'],
): FaultWindow => ({
  name,
  promise,
  happen: async (scene) => {
    change(scene);
    const before = await scene.cast.progress();
    await sleep(LASTS_MS);
    const after = await scene.cast.progress();
    const made = after.reduce((sum, { sent }, at) => sum + sent - (before[at]?.sent ?? 0), 0);
    scene.happened(`${made} calls were made in it`, made > 0);
  },
});

/** What happens between clients, servers and brokers. */
export const NETWORK_WINDOWS: readonly FaultWindow[] = [
  {
    name: 'no connection lives longer than 0.5 to 1.5 s',
    isShort: true,
    happen: async ({ network, random, happened }) => {
      const before = network.resets;
      network.limitLifetimes(500, 1_500, random);
      network.reset();
      await sleep(LASTS_MS);
      const resets = network.resets - before;
      happened(`${resets} resets`, resets > 20);
    },
  },
  {
    name: 'all connections are reset once a second',
    happen: async ({ network, happened }) => {
      const before = network.resets;
      network.resetEvery(1_000);
      await sleep(LASTS_MS);
      happened(`${network.resets - before} resets`, network.resets - before > 20);
    },
  },
  silence(1, SILENT_MS, { isShort: true }),
  silence(2, SILENT_MS),
  silence(3, SILENT_MS),
  silence(1, UNNOTICED_MS, { promise: { movesPartitions: true } }),
  silence(3, UNNOTICED_MS, { promise: { movesPartitions: true } }),
  refusal(1, 6_000),
  refusal(2, 6_000),
  refusal(3, 4_000),
  oneWay('request'),
  oneWay('answer'),
  weather('300 ms of latency, each way, and a narrow link', ({ network }) => {
    network.delayMs = 300;
    network.bytesPerSecond = NARROW;
  }),
  weather('latency jumps between 0 and 400 ms', ({ network, random }) => {
    const timer = setInterval(() => (network.delayMs = random.integer(400)), 200);
    setTimeout(() => clearInterval(timer), LASTS_MS);
  }),
  weather('everything comes in 7 slices', ({ network }) => {
    network.slices = 7;
  }),
  {
    name: 'brokers close connections, and take a second for it',
    happen: async ({ network, happened }) => {
      let closed = 0;
      for (let i = 0; i < 5; i++) {
        closed += network.proxies.reduce((sum, proxy) => sum + proxy.finish(1_000), 0);
        await sleep(2_000);
      }
      happened(`${closed} connections were closed`, closed > 20);
    },
  },
  {
    name: 'bytes of requests to Produce are corrupted',
    happen: async ({ network, random, happened }) => {
      const rule = network.loseOneIn(10, { api: 'Produce', way: 'request', fate: 'corrupt', random });
      await sleep(LASTS_MS);
      happened(`${rule.done} requests were corrupted`, rule.done > 10);
      rule.end();
    },
  },
  {
    name: 'bytes of answers to Fetch are corrupted',
    happen: async ({ network, random, happened }) => {
      const rule = network.loseOneIn(10, { api: 'Fetch', way: 'answer', fate: 'corrupt', random });
      await sleep(LASTS_MS);
      happened(`${rule.done} answers were corrupted`, rule.done > 10);
      rule.end();
    },
  },
];
