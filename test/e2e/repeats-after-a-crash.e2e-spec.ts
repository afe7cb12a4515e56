import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverConnection, KafkaRpcClient } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import { ExecutionJournal } from '../support/execution-journal.js';
import { LiveCluster } from '../support/live-cluster.js';
import type { Program } from '../support/program.js';
import { appendAllAgain, connectRaw } from '../support/raw-records.js';

jest.setTimeout(120_000);

const PARTITIONS = 4;
const CALLS = 1_000;
/** Longer than a commit takes, with the interval between two. */
const COMMITTED_MS = 1_000;

describe('1,000 requests whose server is killed, and that are appended once more', () => {
  let cluster: LiveCluster;
  let raw: DriverConnection;
  let service: string;
  let journal: ExecutionJournal;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
  });
  afterAll(() => cluster.close());

  beforeEach(() => {
    service = cluster.newService('sum');
    journal = new ExecutionJournal();
    client = cluster.client({ service, timeoutMs: 60_000 });
  });
  afterEach(() => journal.close());

  const serve = (): Promise<Program> =>
    cluster.startServer({ service, journal: journal.file, partitions: PARTITIONS });
  const call = async (nonce: number, ms?: number): Promise<unknown> =>
    (await client.call('echo', { nonce: `${nonce}`, ms })).value;
  const appendAll = async (): Promise<void> => {
    let appended = 0;
    for (let partition = 0; partition < PARTITIONS; partition++)
      appended += await appendAllAgain(raw, { topic: `rpc.${service}.requests`, partition });
    expect(appended).toBeGreaterThanOrEqual(PARTITIONS);
  };
  const nonces = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);
  const nonceOf = (value: unknown): string => (value as { nonce: string }).nonce;
  const runsOf = (): Map<string, number> => {
    const runs = new Map<string, number>();
    for (const { data } of journal.executions) runs.set(nonceOf(data), (runs.get(nonceOf(data)) ?? 0) + 1);
    return runs;
  };

  it.each(['before', 'after'])(
    'do not run a second time, and each has its answer: appended %s the next server starts',
    async (when) => {
      const victim = await serve();
      const answers = await Promise.all(Array.from({ length: CALLS }, (_, i) => call(i)));
      await sleep(COMMITTED_MS);
      expect((await victim.kill()).signal).toBe('SIGKILL');
      if (when === 'before') await appendAll();
      const next = await serve();
      if (when === 'after') await appendAll();
      await eventually(30_000, async () =>
        expect(await next.ask('counters')).toMatchObject({ callsRepeated: CALLS, callsStarted: 0 }),
      );
      expect(answers.map(nonceOf)).toEqual(nonces(CALLS));
      expect(journal.executions).toHaveLength(CALLS);
      expect(client.counters).toMatchObject({ lateReplies: 0, duplicateAnswers: 0 });
    },
  );

  it('run again at most where they were not committed, and each has its answer, when it is killed among them', async () => {
    const victim = await serve();
    const settled = await Promise.all(Array.from({ length: CALLS / 2 }, (_, i) => call(i)));
    await sleep(COMMITTED_MS);
    const underWay = Array.from({ length: CALLS / 2 }, (_, i) => call(CALLS / 2 + i, 20));
    await eventually(10_000, async () => expect(await victim.ask('callsInHand')).toBeGreaterThan(0));
    expect((await victim.kill()).signal).toBe('SIGKILL');
    await appendAll();
    await serve();
    const answers = [...settled, ...(await Promise.all(underWay))];
    expect(answers.map(nonceOf)).toEqual(nonces(CALLS));
    const runs = runsOf();
    expect(nonces(CALLS / 2).filter((nonce) => runs.get(nonce) !== 1)).toEqual([]);
    expect(Math.max(...runs.values())).toBe(2);
  });
});
