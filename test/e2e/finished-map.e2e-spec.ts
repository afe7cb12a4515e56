import kafkajs, { type Admin } from 'kafkajs';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { decodeFinishedMap } from '../../lib/server/commits/finished-map-decoder.js';
import { eventually } from '../conformance/eventually.js';
import { ExecutionJournal } from '../support/execution-journal.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

const EVENTS = 1_000;
const AT_ONCE = 50;

describe.each([
  ['closed', 'SIGTERM'],
  ['killed, after an interval of its commits', 'SIGKILL'],
] as const)('a server that is %s while a call of its is open', (_how, signal) => {
  let cluster: LiveCluster;
  let admin: Admin;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    const { Kafka, logLevel } = kafkajs;
    admin = new Kafka({ brokers: cluster.kafka.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    cluster.onClose(() => admin.disconnect());
  });
  afterAll(() => cluster.close());

  it('has none of the 1,000 events behind that call run again by the next one', async () => {
    const journal = new ExecutionJournal();
    const start = () => cluster.startServer({ partitions: 1, journal: journal.file, gracePeriodMs: 100 });
    const first = await start();
    const client = cluster.client();
    const held = client.call('echo', { nonce: 'held', isHeld: true }, { timeoutMs: 100_000 });
    await eventually(20_000, () => expect(journal.calls).toBe(1));
    for (let sent = 0; sent < EVENTS; sent += AT_ONCE) await emit(client, sent);
    await eventually(20_000, () => expect(journal.calls).toBe(EVENTS + 1));
    if (signal === 'SIGKILL') await eventually(20_000, allRemembered);
    await first.kill(signal);

    const second = await start();
    await emit(client, EVENTS);
    await eventually(30_000, () => expect(journal.calls).toBe(EVENTS + AT_ONCE + 1));
    await second.ask('release');
    expect((await held).value).toMatchObject({ nonce: 'held', server: 'server-2' });
    // The call that was open was not over: it is run again, and it alone.
    expect(journal.repeated().map(([, servers]) => servers)).toEqual([['server-1', 'server-2']]);
    journal.close();
  });

  const emit = async (client: KafkaRpcClient, from: number): Promise<void> => {
    const events = Array.from({ length: AT_ONCE }, (_, i) => client.emit('told', `event ${from + i}`));
    await Promise.all(events.map((event) => lastValueFrom(event, { defaultValue: undefined })));
  };

  /** The commit says of all records but the first one, with the call that is open, that they are finished. */
  const allRemembered = async (): Promise<void> => {
    const topic = `rpc.${cluster.service}.requests`;
    const [end] = await admin.fetchTopicOffsets(topic);
    const [commits] = await admin.fetchOffsets({ groupId: `rpc.${cluster.service}`, topics: [topic] });
    const { offset, metadata } = commits!.partitions[0]!;
    const { map } = decodeFinishedMap(metadata ?? '', { topic, partition: 0, offset: BigInt(offset) });
    const records = Array.from(
      { length: Number(end!.high) - Number(offset) },
      (_, i) => BigInt(offset) + BigInt(i),
    );
    expect(records.filter((record) => map?.find(record) !== 'finished')).toEqual([BigInt(offset)]);
  };
});
