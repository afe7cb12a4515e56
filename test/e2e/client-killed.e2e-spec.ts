import { CallLoad, allAnswered, type LoadReport } from '../support/call-load.js';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('a client that is SIGKILLed under load and started again', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it("gets nobody else's answers, nor those of its life before, and the others notice nothing", async () => {
    const server = await cluster.startServer();
    const settings = { replyPartitions: 1, topics: { replies: `rpc.${cluster.service}.replies` } };
    await server.ask('close');
    await cluster.startServer(settings);
    const client = cluster.client(settings);
    await client.connect();
    const bystander = new CallLoad(client, { data: { ms: 50 } }).start(100);
    const victim = await cluster.startClients([cluster.service], settings);
    await victim.ask('start', { perSecond: 200, data: { ms: 500 } });
    await eventually(20_000, () => expect(bystander.answers).toBeGreaterThan(50));

    const [idBefore] = await victim.ask<string[]>('ids');
    await victim.kill();
    const again = await cluster.startClients([cluster.service], settings);
    const [report] = await again.ask<LoadReport[]>('run', { calls: 1_000, atOnce: 50 });
    const [counters] = await again.ask<Record<string, number>[]>('counters');

    expect(report).toMatchObject(allAnswered(1_000));
    expect(await again.ask('ids')).not.toEqual([idBefore]);
    expect(counters).toMatchObject({ lateReplies: 0, recordsRefused: 0, messagesMalformed: 0 });
    const noticed = await bystander.stop();
    expect(noticed).toMatchObject(allAnswered(noticed.sent));
    expect(client.counters).toMatchObject({ lateReplies: 0, recordsRefused: 0, messagesMalformed: 0 });
  });
});
