import { setTimeout as sleep } from 'node:timers/promises';
import { allAnswered } from '../../support/call-load.js';
import { faultSeed, inTier } from '../../support/fault-tier.js';
import { Fleet } from '../../support/fleet.js';
import type { KafkaApi } from '../../support/kafka-api.js';
import { LiveCluster } from '../../support/live-cluster.js';
import { seededRandom } from '../../support/seeded-random.js';

jest.setTimeout(240_000);

/** How much longer than a fault a call may take. */
const AFTER_MS = 4_000;
/** `requestTimeoutMs` of the driver, as it comes: what is swallowed is noticed only by waiting for it. */
const REQUEST_TIMEOUT_MS = 10_000;
const CALLS_PER_SECOND = 100;

const APIS: readonly KafkaApi[] = ['Produce', 'Fetch', 'Heartbeat', 'OffsetCommit'];

interface Fault {
  readonly name: string;
  readonly isShort?: boolean;
  readonly lastsMs: number;
  /** Fails when it did not happen. */
  readonly happen: () => Promise<void>;
}

describe(`a network that fails before three brokers, seed ${faultSeed}`, () => {
  const random = seededRandom(faultSeed);
  let cluster: LiveCluster;
  let fleet: Fleet;

  beforeAll(async () => {
    cluster = await LiveCluster.start({ nodes: 3, proxied: true });
    fleet = await Fleet.start(cluster, {
      servers: 2,
      callers: 6,
      callsPerSecond: CALLS_PER_SECOND,
      load: { timeoutMs: 30_000 },
    });
  });
  afterEach(() => cluster.network.calm());
  afterAll(() => cluster?.close());

  const someProxies = (count: number) => {
    const first = random.integer(3);
    const { proxies } = cluster.network;
    return Array.from({ length: count }, (_, i) => proxies[(first + i) % proxies.length]!);
  };

  const silence = (brokers: number, lastsMs: number, isShort = false): Fault => ({
    name: `${brokers} of the brokers are silent for ${lastsMs} ms, with all connections open`,
    isShort,
    lastsMs,
    happen: async () => {
      const silent = someProxies(brokers);
      silent.forEach((proxy) => proxy.hold());
      expect(silent.map(({ openConnections }) => openConnections)).not.toContain(0);
      await sleep(lastsMs);
      silent.forEach((proxy) => proxy.release());
    },
  });

  const refusal = (brokers: number, lastsMs: number, isShort = false): Fault => ({
    name: `${brokers} of the brokers cannot be reached for ${lastsMs} ms`,
    isShort,
    lastsMs,
    happen: async () => {
      const away = someProxies(brokers);
      away.forEach((proxy) => proxy.refuse());
      await sleep(lastsMs);
      expect(away.map(({ openConnections }) => openConnections)).toEqual(away.map(() => 0));
      away.forEach((proxy) => proxy.accept());
    },
  });

  const swallowed = (api: KafkaApi): Fault => ({
    name: `one answer to ${api} never comes, and its connection stays open`,
    lastsMs: REQUEST_TIMEOUT_MS,
    happen: async () => {
      let left = 1;
      const rule = cluster.network.add({ api, way: 'answer', fate: () => (left-- > 0 ? 'swallow' : 'pass') });
      await sleep(REQUEST_TIMEOUT_MS);
      expect(rule.done).toBe(1);
    },
  });

  const faults: readonly Fault[] = [
    silence(1, 5_000),
    silence(3, 5_000),
    refusal(2, 8_000, true),
    refusal(3, 8_000),
    ...APIS.map(swallowed),
    {
      name: 'each connection lives for 500 to 1,500 ms',
      lastsMs: 1_500,
      happen: async () => {
        const { network } = cluster;
        const before = network.resets;
        network.limitLifetimes(500, 1_500, random);
        network.reset();
        await sleep(15_000);
        expect(network.resets - before).toBeGreaterThan(50);
      },
    },
    {
      name: '1 in 10 requests to Produce breaks its connection before the broker has it',
      isShort: true,
      lastsMs: 1_000,
      happen: async () => {
        const what = { api: 'Produce', way: 'request', fate: 'cut', random } as const;
        const rule = cluster.network.loseOneIn(10, what);
        await sleep(8_000);
        expect(rule.done).toBeGreaterThan(10);
      },
    },
    {
      name: 'all ways are 150 ms long',
      lastsMs: 1_000,
      happen: async () => {
        cluster.network.delayMs = 150;
        await sleep(8_000);
      },
    },
  ];

  it.each(inTier(faults))('costs no call its answer while $name', async ({ name, lastsMs, happen }) => {
    const report = await fleet.during(async () => {
      await happen();
      cluster.network.calm();
    });
    process.stderr.write(`${name}: ${report.sent} calls, the slowest ${report.slowestMs} ms\n`);
    expect(report).toMatchObject(allAnswered(report.sent));
    expect(report.slowestMs).toBeLessThanOrEqual(lastsMs + AFTER_MS);
  });
});
