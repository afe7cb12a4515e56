import { allAnswered, CallLoad } from '../support/call-load.js';
import { eventually, within } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('an app that speaks HTTP and Kafka', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('serves both, answers the calls it has when it is closed, and leaves nothing that keeps its process alive', async () => {
    const program = await cluster.start('hybrid', { service: cluster.service });
    const health = await fetch(`${await program.ask<string>('url')}/health`);
    expect(await health.json()).toEqual({ nonce: 'over HTTP', server: 'hybrid' });
    const client = cluster.client();
    await expect(client.call('echo', { ms: -1 })).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });

    const load = new CallLoad(client, { data: { ms: 2_000 } }).burst(100);
    await eventually(20_000, async () => expect(await program.ask('callsInHand')).toBe(100));
    expect(load.answers).toBe(0);
    await Promise.all([
      program.ask('close'),
      load.stop().then((report) => expect(report).toMatchObject(allAnswered(100))),
    ]);

    expect(await within(10_000, 'the end of the process', program.ended)).toEqual({ code: 0, signal: null });
  });

  it('is closed by SIGTERM: running handlers are answered before what they use is closed', async () => {
    const service = cluster.newService('signal');
    const program = await cluster.start('hybrid', { service });
    const load = new CallLoad(cluster.client({ service }), { data: { ms: 2_000 } }).burst(20);
    await eventually(20_000, async () => expect(await program.ask('callsInHand')).toBe(20));
    program.signal('SIGTERM');
    expect(await load.stop()).toMatchObject(allAnswered(20));
    const end = await within(10_000, 'the end of the process', program.ended);
    expect(end).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('is ended at once by a second SIGTERM', async () => {
    const service = cluster.newService('twice');
    const program = await cluster.start('hybrid', { service });
    const load = new CallLoad(cluster.client({ service }), { data: { ms: 60_000 }, timeoutMs: 1_000 }).burst(
      1,
    );
    await eventually(20_000, async () => expect(await program.ask('callsInHand')).toBe(1));
    program.signal('SIGTERM');
    await eventually(5_000, async () => expect(await program.ask('isClosing')).toBe(true));
    program.signal('SIGTERM');
    // Its grace period is 10 s, and its handler runs for a minute.
    const end = await within(5_000, 'the end of the process', program.ended);
    expect(end).toEqual({ code: null, signal: 'SIGTERM' });
    await load.stop();
  });
});
