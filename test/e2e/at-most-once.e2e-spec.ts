import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { eventually } from '../conformance/eventually.js';
import { ExecutionJournal } from '../support/execution-journal.js';
import { GroupView } from '../support/group-view.js';
import { LiveCluster } from '../support/live-cluster.js';
import type { Program } from '../support/program.js';

jest.setTimeout(180_000);

const KILLS = 2;
const CALLS_OF_A_ROUND = 300;

describe("servers with commit: 'before' that are SIGKILLed one after the other", () => {
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

  it('run no call and no event twice, and what they were running is run by nobody', async () => {
    const start = (): Promise<Program> =>
      cluster.startServer({ partitions: 4, commit: 'before', journal: journal.file, concurrency: 64 });
    let [victim, other] = await Promise.all([start(), start()]);
    const client = cluster.client({ partitions: 4 });
    await client.connect();
    let inHand = 0;
    const outcomes: string[] = [];
    for (let round = 0; round < KILLS; round++) {
      const calls = Array.from({ length: CALLS_OF_A_ROUND }, (_, i) => ask(client, `${round}-${i}`));
      const told = Array.from({ length: CALLS_OF_A_ROUND }, (_, i) =>
        lastValueFrom(client.emit('told', `${round}-${i}`), { defaultValue: undefined }),
      );
      await eventually(20_000, async () => {
        inHand = await victim.ask<number>('callsInHand');
        expect(inHand).toBeGreaterThan(50);
      });
      expect((await victim.kill()).signal).toBe('SIGKILL');
      [victim, other] = [other, await start()];
      outcomes.push(...(await Promise.all(calls)));
      await Promise.all(told);
    }
    const group = await GroupView.open(cluster.kafka.brokers, cluster.service);
    cluster.onClose(() => group.close());
    await eventually(60_000, async () => expect(await group.lag()).toBe(0));

    const count = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
    expect(outcomes.filter((each) => each !== 'OK' && each !== 'DEADLINE_EXCEEDED')).toEqual([]);
    expect(journal.repeated()).toEqual([]);
    // The kills cost answers, and not more than were in hand.
    expect(count('DEADLINE_EXCEEDED')).toBeGreaterThan(0);
    expect(count('DEADLINE_EXCEEDED')).toBeLessThanOrEqual(KILLS * 64);
    const { executions } = journal;
    expect(executions.length).toBeGreaterThan((KILLS * 2 * CALLS_OF_A_ROUND * 3) / 4);
    expect(await other.ask('callsInHand')).toBe(0);
  });

  const ask = (client: KafkaRpcClient, nonce: string): Promise<string> =>
    client.call('echo', { nonce, ms: 100 }, { timeoutMs: 15_000 }).then(
      () => 'OK',
      ({ status }: { status: string }) => status,
    );
});
