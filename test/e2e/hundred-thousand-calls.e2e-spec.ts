import { LiveCluster } from '../support/live-cluster.js';
import type { LoadReport } from '../support/call-load.js';

jest.setTimeout(180_000);

const CALLS_EACH = 5_000;

describe('100,000 calls from twenty clients in five processes to two services on three servers', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('all get their own answers, and every server does its part', async () => {
    const services = [cluster.newService('sum'), cluster.newService('audit')];
    const serverSettings = { service: services };
    await Promise.all([1, 2, 3].map(() => cluster.startServer(serverSettings)));
    const fourClients = [...services, ...services];
    const processes = await Promise.all([1, 2, 3, 4, 5].map(() => cluster.startClients(fourClients)));

    const load = { calls: CALLS_EACH, atOnce: 100, timeoutMs: 60_000 };
    const reports = (
      await Promise.all(processes.map((clients) => clients.ask<LoadReport[]>('run', load)))
    ).flat();

    expect(reports).toHaveLength(20);
    expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
    expect(reports.map(({ answered }) => answered)).toEqual(reports.map(() => CALLS_EACH));
    expect(reports.map(({ swapped }) => swapped)).toEqual(reports.map(() => 0));
    const byServer: Record<string, number> = {};
    for (const report of reports) {
      for (const [server, calls] of Object.entries(report.byServer)) {
        byServer[server] = (byServer[server] ?? 0) + calls;
      }
    }
    expect(Object.keys(byServer).sort()).toEqual(['server-1', 'server-2', 'server-3']);
    expect(Math.min(...Object.values(byServer))).toBeGreaterThan(10_000);
  });
});
