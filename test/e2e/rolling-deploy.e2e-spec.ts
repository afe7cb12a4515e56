import { allAnswered } from '../support/call-load.js';
import { ExecutionJournal } from '../support/execution-journal.js';
import { LiveCluster } from '../support/live-cluster.js';
import type { Program } from '../support/program.js';

jest.setTimeout(120_000);

describe('three servers that are replaced one after the other under load', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('answer every call, and run none twice', async () => {
    const journal = new ExecutionJournal();
    const start = (): Promise<Program> => cluster.startServer({ journal: journal.file });
    const old = await Promise.all([start(), start(), start()]);
    const client = cluster.client();
    await client.connect();
    const load = cluster.load(client, 100, { data: { ms: 20 } });
    await load.answersGrow(100, 20_000);

    for (const server of old) {
      expect(await server.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
      await start();
      await load.answersGrow(100, 20_000);
    }
    const report = await load.stop();

    expect(report).toMatchObject(allAnswered(report.sent));
    expect(journal.calls).toBe(report.sent);
    expect(journal.repeated()).toEqual([]);
    journal.close();
  });
});
