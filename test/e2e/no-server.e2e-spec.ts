import { CallLoad, allAnswered } from '../support/call-load.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('calls while no server is up', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('wait, and are answered when one starts', async () => {
    const first = await cluster.startServer();
    const client = cluster.client();
    expect(await new CallLoad(client).run(10, 10)).toMatchObject(allAnswered(10));
    await first.ask('close');
    await first.ended;

    const load = new CallLoad(client, { timeoutMs: 20_000 }).burst(200);
    // An event is taken by the broker after the calls before it: so all of them are there, and nobody is.
    await new Promise<void>((resolve, reject) => {
      client.emit('told', 'later').subscribe({ complete: resolve, error: reject });
    });
    expect(load.answers).toBe(0);
    expect(load.openCalls).toBe(200);

    await cluster.startServer();
    const report = await load.stop();
    expect(report).toMatchObject(allAnswered(200));
    expect(report.byServer).toEqual({ 'server-2': 200 });
  });
});
