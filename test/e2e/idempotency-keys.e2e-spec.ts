import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import { ExecutionJournal } from '../support/execution-journal.js';
import { LiveCluster } from '../support/live-cluster.js';
import { appendAllAgain, connectRaw } from '../support/raw-records.js';
import type { Program } from '../support/program.js';

jest.setTimeout(180_000);

const IDEMPOTENCY = { idempotency: {}, partitions: 8 };

describe('calls with an idempotency key, over Kafka', () => {
  let cluster: LiveCluster;
  let service: string;
  let journal: ExecutionJournal;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  beforeEach(() => {
    service = cluster.newService('pay');
    journal = new ExecutionJournal();
  });
  afterEach(() => journal.close());

  const serve = (): Promise<Program> =>
    cluster.startServer({ service, journal: journal.file, ...IDEMPOTENCY });

  const keysOf = (name: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${name}-${i}`);

  /** How often each key was run. */
  const runsOf = (keys: readonly string[]): number[] => {
    const runs = new Map<unknown, number>();
    for (const { data } of journal.executions) {
      const { nonce } = data as { nonce: string };
      runs.set(nonce, (runs.get(nonce) ?? 0) + 1);
    }
    return keys.map((key) => runs.get(key) ?? 0);
  };

  const ask = (client: KafkaRpcClient, keys: readonly string[], ms = 0): Promise<unknown[]> =>
    Promise.all(
      keys.map(async (idempotencyKey) => {
        const data = { nonce: idempotencyKey, ms };
        return (await client.call('echo', data, { idempotencyKey, timeoutMs: 60_000 })).value;
      }),
    );

  it('run once though their client was killed, and asks again when it is back', async () => {
    await serve();
    const keys = keysOf('killed', 50);
    const calls = { keys, data: { ms: 2_000 } };
    const victim = await cluster.startClients([service]);
    victim.ask('keyed', calls).catch(() => undefined);
    await eventually(30_000, () => expect(runsOf(keys)).toEqual(keys.map(() => 1)));
    await victim.kill();
    const again = await cluster.startClients([service]);
    const answers = await again.ask<{ nonce: string }[]>('keyed', calls);
    expect(answers.map(({ nonce }) => nonce)).toEqual(keys);
    expect(runsOf(keys)).toEqual(keys.map(() => 1));
  });

  it('have one result though a server is killed among them: what was answered does not run again', async () => {
    const [victim] = await Promise.all([serve(), serve()]);
    const client = cluster.client({ service });
    const answered = keysOf('answered', 100);
    const first = await ask(client, answered);
    const underWay = keysOf('under-way', 100);
    const calls = ask(client, underWay, 500);
    await eventually(20_000, async () => expect(await victim.ask('callsInHand')).toBeGreaterThan(5));
    expect((await victim.kill()).signal).toBe('SIGKILL');
    const other = cluster.client({ service });
    const [once, twice, before] = await Promise.all([calls, ask(other, underWay, 500), ask(other, answered)]);
    expect(twice).toEqual(once);
    expect(before).toEqual(first);
    expect(runsOf(answered)).toEqual(answered.map(() => 1));
    expect(Math.max(...runsOf(underWay))).toBeLessThanOrEqual(2);
    expect(runsOf(underWay).filter((runs) => runs === 2).length).toBeGreaterThan(0);
  });

  it('have one run and one result while partitions move between servers that come and go', async () => {
    await serve();
    const client = cluster.client({ service });
    const keys = keysOf('moving', 400);
    const answers = new Map<string, Set<string>>(keys.map((key) => [key, new Set()]));
    let isDone = false;
    const asking = (async () => {
      for (let round = 0; !isDone || round < 3; round++) {
        for (let at = 0; at < keys.length; at += 100) {
          const some = keys.slice(at, at + 100);
          for (const [i, answer] of (await ask(client, some, 20)).entries())
            answers.get(some[i]!)!.add(JSON.stringify(answer));
        }
      }
    })();
    for (let move = 0; move < 3; move++) {
      const other = await serve();
      await sleep(2_000);
      expect(await other.ask<number>('callsInHand')).toBeGreaterThanOrEqual(0);
      await other.ask('close');
    }
    isDone = true;
    await asking;
    expect([...answers.values()].map(({ size }) => size)).toEqual(keys.map(() => 1));
    expect(runsOf(keys)).toEqual(keys.map(() => 1));
  });

  it('do not run at a server that keeps no results', async () => {
    await cluster.startServer({ service, journal: journal.file });
    await expect(ask(cluster.client({ service }), ['k'])).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
    });
    expect(journal.executions).toEqual([]);
  });
});

describe('1,000 requests that stand in the log twice', () => {
  let cluster: LiveCluster;
  const journal = new ExecutionJournal();

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(async () => {
    journal.close();
    await cluster.close();
  });

  it('run once each, and each caller has its answer', async () => {
    const server = await cluster.startServer({ journal: journal.file, partitions: 4 });
    const client = cluster.client();
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async (_, i) => (await client.call('echo', { nonce: `${i}` })).value),
    );
    const raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    const topic = `rpc.${cluster.service}.requests`;
    let appended = 0;
    for (const partition of [0, 1, 2, 3]) appended += await appendAllAgain(raw, { topic, partition });
    expect(appended).toBeGreaterThanOrEqual(4);
    await eventually(20_000, async () =>
      expect(await server.ask('counters')).toMatchObject({ callsRepeated: 1_000, callsStarted: 1_000 }),
    );
    expect(answers).toHaveLength(1_000);
    expect(new Set(journal.executions.map(({ callId }) => callId)).size).toBe(1_000);
    expect(journal.executions).toHaveLength(1_000);
    expect(client.counters).toMatchObject({ lateReplies: 0, duplicateAnswers: 0 });
  });
});
