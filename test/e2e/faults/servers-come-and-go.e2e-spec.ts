import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../conformance/eventually.js';
import { allAnswered, type CallTrace } from '../../support/call-load.js';
import { isLongTier } from '../../support/fault-tier.js';
import { Fleet } from '../../support/fleet.js';
import { GroupView } from '../../support/group-view.js';
import { LiveCluster } from '../../support/live-cluster.js';

jest.setTimeout(240_000);

const SERVERS = isLongTier ? 5 : 3;
/** A rebalance that stops everybody takes 500 to 1,200 ms; the short run shares its cores with others. */
const STAYS_WITHIN_MS = isLongTier ? 150 : 400;
const MOVES_WITHIN_MS = isLongTier ? 1_500 : 4_000;

describe('servers that come and go under 500 calls a second', () => {
  let cluster: LiveCluster;
  let fleet: Fleet;
  let group: GroupView;
  /** Not less than what the machine does to calls when nothing else happens to them. */
  let staysWithinMs: number = STAYS_WITHIN_MS;

  beforeAll(async () => {
    cluster = await LiveCluster.start({ killable: true });
    fleet = await Fleet.start(cluster, {
      servers: SERVERS,
      callers: 4,
      callsPerSecond: 500,
      load: { isTraced: true },
      serverSettings: { partitions: 16 },
    });
    group = await GroupView.open(cluster.kafka.brokers, fleet.service);
    cluster.onClose(() => group.close());
    await members(SERVERS);
    // Whatever compiles on the way does so before anything is looked at.
    const { stayingMs } = await slowestWhile('nothing happens', () => sleep(3_000));
    staysWithinMs = Math.max(STAYS_WITHIN_MS, 2 * stayingMs);
  });
  afterAll(() => cluster?.close());

  const members = (count: number): Promise<void> =>
    eventually(30_000, async () => {
      const shares = await group.shares();
      expect(shares).toHaveLength(count);
      expect(Math.min(...shares)).toBeGreaterThan(0);
    });

  /** The slowest call on partitions that stayed with their server, and on those that did not. */
  const slowestWhile = async (what: string, work: () => Promise<void>): Promise<Slowest> => {
    const report = await fleet.during(work);
    expect(report).toMatchObject(allAnswered(report.sent));
    const slowest = slowestOf(await fleet.traces());
    process.stderr.write(`${what}: ${report.sent} calls, ${JSON.stringify(slowest)}\n`);
    return slowest;
  };

  const expectOnlyMovesStop = ({ stayed, moved, movingMs, stayingMs }: Slowest): void => {
    expect(stayed).toBeGreaterThan(0);
    expect(moved).toBeGreaterThan(0);
    expect(movingMs).toBeLessThanOrEqual(MOVES_WITHIN_MS);
    expect(stayingMs).toBeLessThanOrEqual(staysWithinMs);
  };

  it('stop no partition that stays where it is when one joins', async () => {
    const joining = await fleet.prepareServer();
    const join = async (): Promise<void> => {
      await joining.ask('listen');
      await members(SERVERS + 1);
    };
    expectOnlyMovesStop(await slowestWhile('a server joins', join));
  });

  it('stop no partition that stays where it is when one leaves', async () => {
    const leave = async (): Promise<void> => {
      await fleet.removeServer();
      await members(SERVERS);
    };
    expectOnlyMovesStop(await slowestWhile('a server leaves', leave));
  });

  it('stop no partition that stays where it is when all are replaced one after the other', async () => {
    for (let i = 0; i < SERVERS; i++) {
      const next = await fleet.prepareServer();
      const replace = async (): Promise<void> => {
        await fleet.removeServer();
        await members(SERVERS - 1);
        await next.ask('listen');
        await members(SERVERS);
      };
      expectOnlyMovesStop(await slowestWhile(`server ${i + 1} is replaced`, replace));
    }
  });
});

interface Slowest {
  readonly stayed: number;
  readonly moved: number;
  readonly stayingMs: number;
  readonly movingMs: number;
}

const slowestOf = (traces: readonly CallTrace[]): Slowest => {
  const partitions = new Map<number, { servers: Set<string>; slowestMs: number }>();
  for (const { partition, server, tookMs } of traces) {
    const known = partitions.get(partition) ?? { servers: new Set(), slowestMs: 0 };
    known.servers.add(server);
    known.slowestMs = Math.max(known.slowestMs, tookMs);
    partitions.set(partition, known);
  }
  const stayed = [...partitions].filter(([, { servers }]) => servers.size === 1);
  const moved = [...partitions].filter(([, { servers }]) => servers.size > 1);
  const slowest = (of: typeof stayed): number =>
    Math.round(Math.max(0, ...of.map(([, { slowestMs }]) => slowestMs)));
  return {
    stayed: stayed.length,
    moved: moved.length,
    stayingMs: slowest(stayed),
    movingMs: slowest(moved),
  };
};
