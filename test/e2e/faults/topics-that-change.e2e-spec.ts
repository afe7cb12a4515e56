import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { RpcError, type KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { eventually } from '../../conformance/eventually.js';
import { LiveCluster } from '../../support/live-cluster.js';
import type { TopicAdmin } from '../../support/topic-admin.js';

jest.setTimeout(240_000);

/** Longer than metadata may be old, a minute, and than a session. */
const NOTICED_WITHIN_MS = 90_000;
const KEYS = 64;

const told: unknown[] = [];

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }

  @EventPattern('told')
  told(@Payload() data: unknown): void {
    told.push(data);
  }
}

/** A service with topics of its own, so that nobody else's are changed. */
interface Subject {
  readonly server: KafkaRpcServer;
  readonly requests: string;
  readonly replies: string;
  client(): KafkaRpcClient;
  /** One more server of the same service. */
  serve(): Promise<unknown>;
}

describe('a topic that is changed while servers and clients use it', () => {
  let cluster: LiveCluster;
  let admin: TopicAdmin;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    admin = await cluster.topicAdmin();
  });
  afterAll(() => cluster.close());

  const subject = async (options: { partitions: number; replyPartitions: number }): Promise<Subject> => {
    const service = cluster.newService('changed');
    const prefix = `${service}.`;
    const own = { service, topics: { prefix }, ...options };
    const { server } = await cluster.serve({ controllers: [EchoController] }, own);
    return {
      server,
      requests: `${prefix}rpc.${service}.requests`,
      replies: `${prefix}rpc.replies`,
      client: () => cluster.client({ ...own, timeoutMs: NOTICED_WITHIN_MS }),
      serve: () => cluster.serve({ controllers: [EchoController] }, own),
    };
  };

  /** One call for each key, which together come to all partitions. */
  const answers = async (client: KafkaRpcClient): Promise<unknown[]> => {
    const keys = Array.from({ length: KEYS }, (_, i) => `key-${i}`);
    const calls = keys.map((key, i) => client.call('echo', i, { key }).catch(RpcError.from));
    return (await Promise.all(calls)).map((end) => (end instanceof RpcError ? String(end) : end.value));
  };
  const allOfThem = Array.from({ length: KEYS }, (_, i) => i);

  it.each([8, 2, 16])(
    'runs every call and event after the request topic of 8 was made anew with %i',
    async (count) => {
      const { server, client, requests } = await subject({ partitions: 8, replyPartitions: 1 });
      const caller = client();
      // Positions must be above what the new topic will have for a while.
      for (let i = 0; i < 3; i++) expect(await answers(caller)).toEqual(allOfThem);
      const lost: unknown[] = [];
      server.on('position-lost', (event) => lost.push(event));
      await admin.recreate(requests, count);

      const events = Array.from({ length: 8 }, (_, i) => `${requests} ${i}`);
      for (const event of events) await lastValueFrom(caller.emit('told', event));
      expect(await answers(caller)).toEqual(allOfThem);
      expect(await answers(client())).toEqual(allOfThem);
      await eventually(20_000, () => expect(told).toEqual(expect.arrayContaining(events)));
      expect(lost.length).toBeGreaterThan(0);
      expect(await admin.partitions(requests)).toBe(count);
    },
  );

  it('runs no call twice because the request topic was made anew', async () => {
    const { server, client, requests } = await subject({ partitions: 2, replyPartitions: 1 });
    const caller = client();
    expect(await answers(caller)).toEqual(allOfThem);
    await admin.recreate(requests, 2);
    expect(await answers(caller)).toEqual(allOfThem);
    expect(server.counters).toMatchObject({ callsStarted: 2 * KEYS, recordsRedelivered: 0 });
  });

  it('answers a client that was connected when the reply topic was made anew', async () => {
    const { client, replies } = await subject({ partitions: 2, replyPartitions: 4 });
    const caller = client();
    for (let i = 0; i < 3; i++) expect(await answers(caller)).toEqual(allOfThem);
    await admin.recreate(replies, 4);
    expect(await answers(caller)).toEqual(allOfThem);
    expect(await answers(client())).toEqual(allOfThem);
  });

  it('answers new clients after the reply topic went from 1 to 16 partitions', async () => {
    const { client, replies } = await subject({ partitions: 2, replyPartitions: 1 });
    expect(await answers(client())).toEqual(allOfThem);
    await admin.grow(replies, 16);
    const added = Array.from({ length: 8 }, client);
    expect(await Promise.all(added.map(answers))).toEqual(added.map(() => allOfThem));
  });

  it('answers each of 64 keys, of old and of new clients, after the request topic went from 1 to 8 partitions', async () => {
    const { client, requests } = await subject({ partitions: 1, replyPartitions: 1 });
    const caller = client();
    expect(await answers(caller)).toEqual(allOfThem);
    await admin.grow(requests, 8);
    const [old, added] = await Promise.all([answers(caller), answers(client())]);
    expect(old).toEqual(allOfThem);
    expect(added).toEqual(allOfThem);
  });

  it('answers each of 64 keys after partitions were added and a server joined', async () => {
    const { client, requests, serve } = await subject({ partitions: 1, replyPartitions: 1 });
    const caller = client();
    expect(await answers(caller)).toEqual(allOfThem);
    await admin.grow(requests, 8);
    await serve();
    const [old, added] = await Promise.all([answers(caller), answers(client())]);
    expect(old).toEqual(allOfThem);
    expect(added).toEqual(allOfThem);
  });
});
