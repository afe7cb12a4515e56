import { CallLoad, allAnswered } from '../support/call-load.js';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('a server whose handlers outlast its grace period when it is closed', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('leaves their calls to the other server, which answers them', async () => {
    const hasty = await cluster.startServer({ gracePeriodMs: 300, concurrency: 20 });
    const client = cluster.client();
    await client.connect();
    // Twenty run when it is closed, and ten have not begun.
    const load = new CallLoad(client, { data: { ms: 3_000 }, timeoutMs: 20_000 }).burst(30);
    await eventually(20_000, async () => expect(await hasty.ask('callsInHand')).toBe(30));
    await hasty.kill('SIGTERM');
    expect(load.answers).toBe(0);
    await cluster.startServer();

    const report = await load.stop();
    expect(report).toMatchObject(allAnswered(30));
    expect(report.byServer).toEqual({ 'server-2': 30 });
  });
});
