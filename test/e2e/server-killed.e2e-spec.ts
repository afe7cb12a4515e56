import { allAnswered } from '../support/call-load.js';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('a server that is SIGKILLed with calls in its hands', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('leaves no call without its answer: the other server gives it within the default deadline', async () => {
    const [victim] = await Promise.all([cluster.startServer(), cluster.startServer()]);
    const client = cluster.client();
    await client.connect();
    const load = cluster.load(client, 100, { data: { ms: 300 } });
    await load.answersGrow(100, 20_000);
    await eventually(20_000, async () => expect(await victim.ask('callsInHand')).toBeGreaterThan(5));

    expect((await victim.kill()).signal).toBe('SIGKILL');
    load.burst(50);
    await load.answersGrow(100, 20_000);
    const report = await load.stop();

    expect(report).toMatchObject(allAnswered(report.sent));
    expect(report.slowestMs).toBeLessThan(10_000);
    expect(Object.keys(report.byServer).sort()).toEqual(['server-1', 'server-2']);
  });
});
