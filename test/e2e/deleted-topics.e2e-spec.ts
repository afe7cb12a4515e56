import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { LiveCluster } from '../support/live-cluster.js';
import type { TopicAdmin } from '../support/topic-admin.js';

jest.setTimeout(120_000);

const PARTITIONS = 2;
const CALLS = 16;

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

/** A service with topics of its own, so that nobody else's are deleted. */
interface Subject {
  readonly client: KafkaRpcClient;
  readonly requests: string;
  readonly replies: string;
}

describe('a topic that is deleted while its clients and servers live', () => {
  let cluster: LiveCluster;
  let admin: TopicAdmin;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    admin = await cluster.topicAdmin();
  });
  afterAll(() => cluster.close());

  const subject = async (createTopics: boolean): Promise<Subject> => {
    const service = cluster.newService('deleted');
    const prefix = `${service}.`;
    const [requests, replies] = [`${prefix}rpc.${service}.requests`, `${prefix}rpc.replies`];
    if (!createTopics) for (const topic of [requests, replies]) await admin.create(topic, PARTITIONS);
    const own = { service, topics: { prefix }, createTopics };
    const sizes = { partitions: PARTITIONS, replyPartitions: PARTITIONS };
    await cluster.serve({ controllers: [EchoController] }, { ...own, ...sizes });
    const client = cluster.client({ ...own, ...sizes, timeoutMs: 60_000 });
    await client.call('echo', 'before');
    return { client, requests, replies };
  };

  it.each(['requests', 'replies'] as const)(
    'is created again where createTopics is true, and calls are answered: that of the %s',
    async (kind) => {
      const own = await subject(true);
      await admin.delete(own[kind]);
      for (const round of ['first', 'second']) {
        const calls = Array.from({ length: CALLS }, (_, i) => own.client.call('echo', `${round} ${i}`));
        const values = (await Promise.all(calls)).map(({ value }) => value);
        expect(values).toEqual(Array.from({ length: CALLS }, (_, i) => `${round} ${i}`));
      }
      expect(await admin.partitions(own[kind])).toBe(PARTITIONS);
    },
  );

  it('is named, with what to do, by calls that end at their deadline where createTopics is false', async () => {
    const { client, replies } = await subject(false);
    await admin.delete(replies);
    const error = await client.call('echo', 'in vain', { timeoutMs: 8_000 }).catch(RpcError.from);
    expect(error).toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    expect((error as RpcError).message).toContain(
      `Topic ${replies} does not exist: create it, or let createTopics be true.`,
    );
    await admin.create(replies, PARTITIONS);
    expect((await client.call('echo', 'again')).value).toBe('again');
  });
});
