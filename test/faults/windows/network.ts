import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultWindow } from './fault-window.js';

const LASTS_MS = 10_000;
const SILENT_MS = 5_000;

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
    name: 'a broker is silent, with all connections open',
    isShort: true,
    happen: async ({ network, random, happened }) => {
      const proxy = random.pick(network.proxies);
      happened(`${proxy.openConnections} connections were held`, proxy.openConnections > 0);
      proxy.hold();
      await sleep(SILENT_MS);
      proxy.release();
    },
  },
  {
    name: 'answers to Produce are lost, 1 in 10',
    isShort: true,
    happen: async ({ network, random, happened }) => {
      const rule = network.loseOneIn(10, { api: 'Produce', way: 'answer', fate: 'cut', random });
      await sleep(LASTS_MS);
      happened(`${rule.done} answers were lost`, rule.done > 10);
      rule.end();
    },
  },
];
