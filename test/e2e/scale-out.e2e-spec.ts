import { allAnswered } from '../support/call-load.js';
import { eventually } from '../conformance/eventually.js';
import { GroupView } from '../support/group-view.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('servers that join under load', () => {
  let cluster: LiveCluster;
  let group: GroupView;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    group = await GroupView.open(cluster.kafka.brokers, cluster.service);
    cluster.onClose(() => group.close());
  });
  afterAll(() => cluster.close());

  it('take their share of the partitions, and no call is lost', async () => {
    const shares = (expected: number[]): Promise<void> =>
      eventually(20_000, async () => expect(await group.shares()).toEqual(expected));
    await cluster.startServer();
    const client = cluster.client();
    await client.connect();
    const load = cluster.load(client, 200, { data: { ms: 20 } });
    await load.answersGrow(100, 20_000);
    await shares([8]);

    await cluster.startServer();
    await shares([4, 4]);
    await cluster.startServer();
    await shares([2, 3, 3]);
    await load.answersGrow(400, 20_000);
    const report = await load.stop();

    expect(report).toMatchObject(allAnswered(report.sent));
    expect(Object.keys(report.byServer).sort()).toEqual(['server-1', 'server-2', 'server-3']);
  });
});
