import { allAnswered, type LoadReport } from '../support/call-load.js';
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
    const settings = { replyPartitions: 1, topics: { replies: `rpc.${cluster.service}.replies` } };
    const server = await cluster.startServer({ ...settings, concurrency: 1_000 });
    const client = cluster.client(settings);
    await client.connect();
    const bystander = cluster.load(client, 100, { data: { ms: 50 } });
    const victim = await cluster.startClients([cluster.service], settings);
    await victim.ask('start', { perSecond: 100, data: { isHeld: true } });
    await eventually(20_000, async () => expect(await server.ask('callsInHand')).toBeGreaterThan(100));

    const [idBefore] = await victim.ask<string[]>('ids');
    await victim.kill();
    const again = await cluster.startClients([cluster.service], settings);
    // The answers to the first life come while the second one calls.
    const running = again.ask<LoadReport[]>('run', { calls: 1_000, atOnce: 50 });
    await server.ask('release');
    const [report] = await running;
    const noticed = await bystander.stop();
    await eventually(20_000, async () => expect(await server.ask('callsInHand')).toBe(0));
    const [counters] = await again.ask<Record<string, number>[]>('counters');

    expect(report).toMatchObject(allAnswered(1_000));
    expect(await again.ask('ids')).not.toEqual([idBefore]);
    expect(counters).toMatchObject({ lateReplies: 0, recordsRefused: 0, messagesMalformed: 0 });
    expect(noticed).toMatchObject(allAnswered(noticed.sent));
    expect(client.counters).toMatchObject({ lateReplies: 0, recordsRefused: 0, messagesMalformed: 0 });
  });
});
