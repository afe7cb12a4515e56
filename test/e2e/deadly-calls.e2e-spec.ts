import { KafkaRpcDeadLetters, type DeadLetter, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import type { Deadly } from '../programs/server.js';
import { ExecutionJournal } from '../support/execution-journal.js';
import { LiveCluster } from '../support/live-cluster.js';
import type { Program } from '../support/program.js';

jest.setTimeout(300_000);

const BYSTANDERS = 40;

describe('a call that kills its server', () => {
  let cluster: LiveCluster;
  let journal: ExecutionJournal;
  let isOver = false;
  let deaths = 0;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    journal = new ExecutionJournal();
  });
  afterAll(async () => {
    isOver = true;
    await cluster.close();
    journal.close();
  });

  /** A server, and another one in its place whenever it dies. */
  const keep = async (): Promise<void> => {
    const settings = {
      partitions: 2,
      journal: journal.file,
      deadLetter: { failed: true },
      concurrency: 16,
      delays: true,
    };
    const server: Program = await cluster.startServer(settings, { nodeOptions: ['--max-old-space-size=96'] });
    void server.ended.then(() => {
      if (isOver) return;
      deaths += 1;
      void keep();
    });
  };
  const runsOf = (pattern: (data: unknown) => boolean): number =>
    journal.executions.filter(({ data }) => pattern(data)).length;
  const deadly = (client: KafkaRpcClient, how: Deadly['how']): Promise<string> =>
    client.call('deadly', { how }, { timeoutMs: 200_000 }).then(
      () => 'OK',
      ({ status, message, retryable }: { status: string; message: string; retryable: boolean }) =>
        `${status} ${retryable} ${message}`,
    );
  const lettersOf = async (letters: KafkaRpcDeadLetters): Promise<DeadLetter[]> => {
    const found: DeadLetter[] = [];
    for await (const letter of letters.list()) found.push(letter);
    return found;
  };

  it.each<[Deadly['how']]>([['abort'], ['exit'], ['out of memory']])(
    'by %s is given up after three deaths, its caller is told, and those beside it are answered',
    async (how) => {
      if (deaths === 0) await Promise.all([keep(), keep()]);
      const before = deaths;
      const client = cluster.client({ partitions: 2 });
      await client.connect();
      const bystanders = Array.from({ length: BYSTANDERS }, (_, i) =>
        client.call('echo', { nonce: `${how} ${i}`, ms: 200 }, { timeoutMs: 200_000 }),
      );
      const outcome = await deadly(client, how);
      expect(outcome).toMatch(/^ABORTED false "deadly" is given up: 3 servers died/);
      await Promise.all(bystanders);
      expect(runsOf((data) => (data as Deadly).how === how)).toBe(3);
      await eventually(5_000, () => expect(deaths - before).toBe(3));
    },
  );

  it('is kept as a dead letter, with its deaths, and can be sent again', async () => {
    const client = cluster.client({ partitions: 2 });
    client.emit('told.deadly', { how: 'abort' });
    const letters = new KafkaRpcDeadLetters({ service: cluster.service, driver: cluster.driver });
    cluster.onClose(() => letters.close());
    await eventually(120_000, async () =>
      expect((await lettersOf(letters)).filter(({ event }) => event?.pattern === 'told.deadly')).toHaveLength(
        1,
      ),
    );
    const found = await lettersOf(letters);
    expect(found.map(({ reason }) => reason)).toEqual(found.map(() => 'deaths'));
    expect(found).toHaveLength(4);
    expect(found[0]?.event).toMatchObject({
      attempts: 3,
      status: 'ABORTED',
      data: { how: expect.any(String) },
    });
  });

  it('is given up as well when it was delayed: a call in its place, and an event on the delay topic', async () => {
    const client = cluster.client({ partitions: 2 });
    const runs = (how: Deadly['how']): number => runsOf((data) => (data as Deadly).how === how);
    const before = { abort: runs('abort'), exit: runs('exit') };
    const call = client.call('deadly', { how: 'abort' }, { timeoutMs: 200_000, delayMs: 100 });
    await expect(call).rejects.toMatchObject({ status: 'ABORTED', retryable: false });
    expect(runs('abort') - before.abort).toBe(3);
    client.emit('told.deadly', { how: 'exit' }, { delayMs: 1_500 });
    const letters = new KafkaRpcDeadLetters({ service: cluster.service, driver: cluster.driver });
    cluster.onClose(() => letters.close());
    await eventually(120_000, async () => expect(await lettersOf(letters)).toHaveLength(6));
    expect(runs('exit') - before.exit).toBe(3);
  });
});

describe('an event that blocks its server past the session', () => {
  let cluster: LiveCluster;
  let journal: ExecutionJournal;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    journal = new ExecutionJournal();
  });
  afterAll(async () => {
    await cluster.close();
    journal.close();
  });

  it('moves on to two more servers at most, and what stands behind it is answered', async () => {
    const start = (): Promise<Program> => cluster.startServer({ partitions: 1, journal: journal.file });
    const servers = await Promise.all([start(), start(), start(), start()]);
    const client = cluster.client({ partitions: 1 });
    await client.connect();
    client.emit('told.deadly', { how: 'block' });
    const runs = (): number => journal.executions.length;
    await eventually(20_000, () => expect(runs()).toBe(1));
    // The session of 6 s is over while it blocks for 10 s: another server gets it.
    await eventually(30_000, () => expect(runs()).toBe(2));
    const { value } = await client.call('echo', { nonce: 'behind' }, { timeoutMs: 90_000 });
    expect(value).toMatchObject({ nonce: 'behind' });
    const after = async (): Promise<number[]> =>
      Promise.all(servers.map((server) => server.ask<number>('callsInHand')));
    await eventually(60_000, async () => expect(await after()).toEqual([0, 0, 0, 0]));
    const blocked = journal.executions.filter(({ data }) => (data as Partial<Deadly>).how === 'block');
    expect(blocked.length).toBeLessThanOrEqual(3);
    expect(new Set(blocked.map(({ server }) => server)).size).toBe(blocked.length);
  });
});
