import { eventually } from '../conformance/eventually.js';
import { allAnswered, inAll, type LoadReport } from '../support/call-load.js';
import { GroupView } from '../support/group-view.js';
import { LiveCluster } from '../support/live-cluster.js';
import type { Program, ProgramOptions } from '../support/program.js';
import type { StreamReport } from '../support/stream-load.js';
import { isVersionBeforeThere, VersionBefore } from '../support/version-before.js';

jest.setTimeout(240_000);

const CALLS_PER_SECOND = 200;
const PARTITIONS = 6;

/** It is made from git: a checkout without its history has none. */
(isVersionBeforeThere() ? describe : describe.skip)('the package of before, and that of now', () => {
  let cluster: LiveCluster;
  let before: VersionBefore;
  let service: string;
  let group: GroupView;

  beforeAll(async () => {
    before = VersionBefore.build();
    cluster = await LiveCluster.start();
    cluster.onClose(async () => before.remove());
  });
  afterAll(() => cluster.close());

  beforeEach(async () => {
    service = cluster.newService('versions');
    group = await GroupView.open(cluster.kafka.brokers, service);
    cluster.onClose(() => group.close());
  });

  const versions = (): { readonly old: ProgramOptions; readonly now: ProgramOptions } => ({
    old: { root: before.root },
    now: {},
  });

  const serve = (version: ProgramOptions): Promise<Program> =>
    cluster.startServer({ service, partitions: PARTITIONS, gracePeriodMs: 5_000 }, version);

  const call = (version: ProgramOptions): Promise<Program> =>
    cluster.startClients([service], { timeoutMs: 30_000 }, version);

  const members = (count: number): Promise<void> =>
    eventually(30_000, async () => {
      const shares = await group.shares();
      expect(shares).toHaveLength(count);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(PARTITIONS);
    });

  const start = async (clients: readonly Program[]): Promise<void> => {
    for (const client of clients) {
      await client.ask('start', { perSecond: CALLS_PER_SECOND / clients.length });
      await client.ask('startStreams', { atOnce: 4 });
    }
  };

  /** Every call and every stream has come to its end. */
  const allWell = async (clients: readonly Program[]): Promise<void> => {
    for (const client of clients) {
      const streams = await client.ask<StreamReport[]>('stopStreams');
      const calls = inAll(await client.ask<LoadReport[]>('stop'));
      expect(calls).toMatchObject(allAnswered(calls.sent));
      expect(streams).toEqual([{ completed: expect.any(Number) as number, failures: [] }]);
      expect(streams[0]!.completed).toBeGreaterThan(10);
      expect(calls.sent).toBeGreaterThan(CALLS_PER_SECOND);
    }
  };

  it('are replaced by each other, server by server, and back, with calls and streams of both', async () => {
    const { old, now } = versions();
    const servers = [await serve(old), await serve(old), await serve(old)];
    await members(3);
    const clients = [await call(old), await call(now)];
    // What came with the version of now: else both would be that.
    expect(await servers[0]!.ask('counters')).not.toHaveProperty('callsOfSilentClients');
    await start(clients);
    for (const version of [now, old])
      for (let i = 0; i < 3; i++) {
        servers.push(await serve(version));
        await members(4);
        await servers.shift()?.kill('SIGTERM');
        await members(3);
      }
    await allWell(clients);
  });
});
