import { allAnswered } from '../support/call-load.js';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('a broker that is SIGKILLed under load and started again', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start({ killable: true });
  });
  afterAll(() => cluster.close());

  it('keeps calls waiting and loses none', async () => {
    await Promise.all([cluster.startServer(), cluster.startServer()]);
    const client = cluster.client();
    await client.connect();
    const load = cluster.load(client, 50, { data: { ms: 20 }, timeoutMs: 30_000 });
    await load.answersGrow(50, 20_000);

    await cluster.kafka.kill(1);
    await eventually(20_000, () => expect(load.openCalls).toBeGreaterThan(50));
    await cluster.kafka.startNode(1);
    await load.answersGrow(200, 30_000);
    const report = await load.stop();

    expect(report).toMatchObject(allAnswered(report.sent));
  });
});
