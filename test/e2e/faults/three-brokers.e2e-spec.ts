import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaOptions } from '../../broker/kafka.js';
import { eventually } from '../../conformance/eventually.js';
import { BrokerOutage } from '../../support/broker-outage.js';
import { allAnswered } from '../../support/call-load.js';
import { faultSeed, inTier, isLongTier } from '../../support/fault-tier.js';
import { Fleet } from '../../support/fleet.js';
import { GroupView } from '../../support/group-view.js';
import { LiveCluster } from '../../support/live-cluster.js';
import { Replicas } from '../../support/replicas.js';
import { seededRandom } from '../../support/seeded-random.js';

jest.setTimeout(240_000);

const NODES = [1, 2, 3] as const;
const CALLERS = 20;
const DEADLINE_MS = 30_000;
/** How long a broker's, or a server's, absence may be felt after its session; or after Kafka itself has got over it, when that takes longer. */
const AFTER_BROKER_SESSION_MS = 4_000;
const AFTER_SERVER_SESSION_MS = 2_000;
const SERVER_SESSION_MS = 6_000;

interface Settings {
  readonly name: string;
  readonly isShort?: boolean;
  readonly kafka: KafkaOptions;
  readonly sessionMs: number;
}

const SETTINGS: readonly Settings[] = [
  { name: "the harness's settings", isShort: true, kafka: {}, sessionMs: 6_000 },
  { name: "Kafka's own settings", kafka: { asTheyCome: true }, sessionMs: 9_000 },
];

interface Fault {
  readonly name: string;
  readonly isShort?: boolean;
  /** Does it, and resolves when it is over. Fails when it did not happen. */
  readonly happen: () => Promise<void>;
}

describe.each(inTier(SETTINGS))(
  `three brokers with $name, seed ${faultSeed}`,
  ({ kafka: options, sessionMs }) => {
    const random = seededRandom(faultSeed);
    let cluster: LiveCluster;
    let replicas: Replicas;
    let group: GroupView;
    let fleet: Fleet;
    let outageMs = 0;

    beforeAll(async () => {
      cluster = await LiveCluster.start({ nodes: 3, killable: true, ...options });
      replicas = await Replicas.open(cluster.kafka.brokers);
      cluster.onClose(() => replicas.close());
      fleet = await Fleet.start(cluster, {
        servers: 3,
        callers: CALLERS,
        callsPerSecond: isLongTier ? 200 : 100,
        load: { timeoutMs: DEADLINE_MS, data: { ms: 5 } },
        serverSettings: { replicationFactor: 3 },
        clientSettings: { replicationFactor: 3 },
      });
      group = await GroupView.open(cluster.kafka.brokers, fleet.service);
      cluster.onClose(() => group.close());
    });
    afterAll(() => cluster?.close());

    const healed = (): Promise<void> =>
      eventually(60_000, async () => expect(await replicas.outOfSync()).toEqual([]));
    const members = (count: number): Promise<void> =>
      eventually(30_000, async () => expect(await group.shares()).toHaveLength(count));

    const without = async (nodes: readonly number[], work: () => Promise<void>): Promise<void> => {
      const outage = BrokerOutage.begin(cluster.kafka.brokers, nodes);
      await work();
      outageMs = Math.round(await outage.end());
    };

    const away = (nodes: readonly number[], ms: number): Promise<void> =>
      without(nodes, async () => {
        nodes.forEach((node) => cluster.kafka.pause(node));
        await sleep(ms);
        for (const node of nodes) expect(stateOf(cluster.kafka.pid(node)!)).toBe('T');
        nodes.forEach((node) => cluster.kafka.resume(node));
      });

    const brokerFaults: readonly Fault[] = [
      {
        name: 'a broker is SIGKILLed and comes back after its session',
        isShort: true,
        happen: async () => {
          const node = random.pick(NODES);
          await without([node], async () => {
            await cluster.kafka.kill(node);
            await sleep(sessionMs + AFTER_BROKER_SESSION_MS);
            expect(cluster.kafka.pid(node)).toBeUndefined();
          });
          await cluster.kafka.startNode(node);
        },
      },
      { name: 'a broker stands still for 14 s', happen: () => away([random.pick(NODES)], 14_000) },
      {
        name: 'two brokers are away for 8 s',
        happen: () => {
          const stays = random.pick(NODES);
          return away(
            NODES.filter((node) => node !== stays),
            8_000,
          );
        },
      },
      {
        name: 'two brokers are SIGKILLed and started again after 8 s',
        isShort: true,
        happen: async () => {
          const stays = random.pick(NODES);
          const nodes = NODES.filter((node) => node !== stays);
          await without(nodes, async () => {
            await Promise.all(nodes.map((node) => cluster.kafka.kill(node)));
            await sleep(8_000);
            await Promise.all(nodes.map((node) => cluster.kafka.startNode(node)));
          });
          // A machine that starts brokers for longer than calls may take shows nothing.
          expect(outageMs).toBeLessThan(DEADLINE_MS - AFTER_BROKER_SESSION_MS);
        },
      },
      {
        name: 'all three are restarted one after the other',
        happen: async () => {
          for (const node of NODES) {
            const before = cluster.kafka.pid(node);
            await cluster.kafka.stopNode(node);
            await cluster.kafka.startNode(node);
            await healed();
            expect(cluster.kafka.pid(node)).not.toBe(before);
          }
        },
      },
    ];

    const serverFaults: readonly Fault[] = [
      {
        name: 'a server is SIGKILLed',
        happen: async () => {
          const [victim] = fleet.servers.splice(random.integer(3), 1);
          expect(await victim!.kill()).toEqual({ code: null, signal: 'SIGKILL' });
          await members(2);
          await fleet.addServer();
          await members(3);
        },
      },
      {
        name: 'a server stands still past its session, and goes on',
        isShort: true,
        happen: async () => {
          const victim = random.pick(fleet.servers);
          victim.signal('SIGSTOP');
          await members(2);
          victim.signal('SIGCONT');
          await members(3);
        },
      },
      {
        name: 'all servers are restarted one after the other',
        happen: async () => {
          for (let i = 0; i < 3; i++) {
            await fleet.removeServer();
            await fleet.addServer();
            await members(3);
          }
        },
      },
      {
        name: 'servers go from 3 to 6, and back to 3',
        happen: async () => {
          for (let i = 0; i < 3; i++) await fleet.addServer();
          await members(6);
          for (let i = 0; i < 3; i++) await fleet.removeServer();
          await members(3);
        },
      },
    ];

    /** @returns how long the slowest call took. */
    const noCallFails = async ({ name, happen }: Fault): Promise<number> => {
      await healed();
      await members(3);
      outageMs = 0;
      const report = await fleet.during(happen);

      const outage = outageMs > 0 ? `, Kafka's own outage ${outageMs} ms` : '';
      process.stderr.write(`${name}: ${report.sent} calls, the slowest ${report.slowestMs} ms${outage}\n`);
      expect(report).toMatchObject(allAnswered(report.sent));
      return report.slowestMs;
    };

    it.each(inTier(brokerFaults))('answer every call, and answer it rightly, while $name', async (fault) => {
      const slowestMs = await noCallFails(fault);
      expect(slowestMs).toBeLessThanOrEqual(Math.max(sessionMs, outageMs) + AFTER_BROKER_SESSION_MS);
    });

    it.each(inTier(serverFaults))('answer every call, and answer it rightly, while $name', async (fault) => {
      const slowestMs = await noCallFails(fault);
      expect(slowestMs).toBeLessThanOrEqual(SERVER_SESSION_MS + AFTER_SERVER_SESSION_MS);
    });
  },
);

const stateOf = (pid: number): string =>
  execFileSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' })
    .trim()
    .charAt(0);
