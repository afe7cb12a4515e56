import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';
import type { TopicAdmin } from '../support/topic-admin.js';

jest.setTimeout(60_000);

const LIMIT = 20_000;
const LARGE = randomBytes(25_000).toString('hex');
const runs: unknown[] = [];

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    runs.push(data);
    return data;
  }
}

describe('a call that is too large for its topic', () => {
  let cluster: LiveCluster;
  let admin: TopicAdmin;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    admin = await cluster.topicAdmin();
  });
  afterAll(() => cluster.close());
  beforeEach(() => runs.splice(0));

  /** Two services, connected; the topic of the first is made smaller than what a client may send after they have looked at it. */
  const subject = async (): Promise<{ sum: KafkaRpcClient; other: KafkaRpcClient; topic: string }> => {
    const services = [cluster.newService('small'), cluster.newService('other')] as const;
    await cluster.serve({ controllers: [EchoController] }, { service: services, partitions: 4 });
    const [sum, other] = services.map((service) => cluster.client({ service })) as [
      KafkaRpcClient,
      KafkaRpcClient,
    ];
    await Promise.all([sum.call('echo', 'first'), other.call('echo', 'first')]);
    const topic = `rpc.${services[0]}.requests`;
    await admin.configure(topic, { 'max.message.bytes': `${LIMIT}` });
    // A broker hears of it after the controller has answered.
    await eventually(10_000, () => expect(sum.call('echo', LARGE)).rejects.toBeDefined());
    runs.splice(0);
    return { sum, other, topic };
  };

  it.each([
    ['of other partitions and of another service', (i: number) => ({ key: `key ${i}` })],
    ['of the same key, in the same record', () => ({ key: 'large' })],
  ])('fails alone, and says why: those %s beside it are answered', async (_which, optionsOf) => {
    const { sum, other, topic } = await subject();

    const small = [1, 2, 3].flatMap((i) => [
      sum.call('echo', i, optionsOf(i)),
      other.call('echo', -i, optionsOf(i)),
    ]);
    const failure = await sum.call('echo', LARGE, { key: 'large' }).then(
      () => undefined,
      (error: unknown) => error,
    );

    expect((await Promise.all(small)).map(({ value }) => value)).toEqual([1, -1, 2, -2, 3, -3]);
    expect(failure).toMatchObject({ status: 'RESOURCE_EXHAUSTED', retryable: false });
    const { message } = failure as Error;
    expect(message).toContain(topic);
    expect(message).toContain(`max.message.bytes=${LIMIT}`);
    expect(message).toContain('maxRecordBytes');
    const numbers = (message.match(/\d{4,}/g) ?? []).map(Number);
    expect(numbers.some((bytes) => bytes > LARGE.length && bytes < LARGE.length * 1.1)).toBe(true);
    expect(runs).not.toContain(LARGE);
    expect(runs).toHaveLength(6);
  });
});
