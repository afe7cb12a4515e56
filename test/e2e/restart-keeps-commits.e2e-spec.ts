import { CallLoad, allAnswered } from '../support/call-load.js';
import { eventually } from '../conformance/eventually.js';
import { ExecutionJournal } from '../support/execution-journal.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('a server that is closed and followed by a new one', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('has no call run twice, and events of the time between are handled', async () => {
    const journal = new ExecutionJournal();
    const start = () => cluster.startServer({ journal: journal.file });
    const first = await start();
    const client = cluster.client();
    expect(await new CallLoad(client).run(500, 50)).toMatchObject(allAnswered(500));
    // Closed with calls in its hands, and at once after the answers: nothing may depend on the commit timer.
    const load = new CallLoad(client, { data: { ms: 200 }, timeoutMs: 20_000 }).burst(50);
    await eventually(20_000, async () => expect(await first.ask('callsInHand')).toBe(50));
    await first.kill('SIGTERM');

    const events = Array.from({ length: 20 }, (_, i) => `event ${i}`);
    const emitted = events.map(
      (event) =>
        new Promise<void>((resolve, reject) => {
          client.emit('told', event).subscribe({ complete: resolve, error: reject });
        }),
    );
    await Promise.all(emitted);
    expect(journal.calls).toBe(550);

    await start();
    expect(await load.stop()).toMatchObject(allAnswered(50));
    expect(await new CallLoad(client).run(500, 50)).toMatchObject(allAnswered(500));
    const handled = (): unknown[] =>
      journal.executions.map(({ data }) => data).filter((data) => typeof data === 'string');
    await eventually(20_000, () => expect(handled().sort()).toEqual([...events].sort()));
    expect(journal.repeated()).toEqual([]);
    expect(journal.calls).toBe(1_070);
    journal.close();
  });
});
