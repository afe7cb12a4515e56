import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const REQUESTS = 'rpc.sum.requests';
const REPLIES = 'rpc.replies';

@Controller()
class SumController {
  @MessagePattern('sum.echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('a topic that is deleted while its client and server live', () => {
  let cluster: RpcCluster;

  beforeEach(() => (cluster = new RpcCluster()));
  afterEach(() => cluster.close());

  /** Both sides at work, with the topics there whoever may create them. */
  const connected = async (createTopics: boolean): Promise<KafkaRpcClient> => {
    if (!createTopics) await (await cluster.serve({ controllers: [SumController] })).app.close();
    await cluster.serve({ controllers: [SumController] }, { createTopics, gracePeriodMs: 20 });
    const client = cluster.client({ createTopics, timeoutMs: 5_000 });
    await client.call('sum.echo', 0);
    return client;
  };

  const failure = (call: Promise<unknown>): Promise<RpcError> =>
    call.then(
      () => Promise.reject(new Error('It was answered.')),
      (error: unknown) => RpcError.from(error),
    );

  it.each([REPLIES, REQUESTS])(
    'is created again where createTopics is true, and calls go on: %s',
    async (topic) => {
      const client = await connected(true);
      const statuses: string[] = [];
      client.status.subscribe((status) => statuses.push(status));
      cluster.driver.deleteTopic(topic);
      expect((await client.call('sum.echo', 1)).value).toBe(1);
      expect((await client.call('sum.echo', 2)).value).toBe(2);
      expect((await cluster.client().call('sum.echo', 3)).value).toBe(3);
      expect(statuses.at(-1)).toBe('connected');
    },
  );

  it('is named by a call that waits for answers on it in vain, where createTopics is false', async () => {
    const client = await connected(false);
    const statuses: string[] = [];
    client.status.subscribe((status) => statuses.push(status));
    cluster.driver.deleteTopic(REPLIES);
    const { status, message } = await failure(client.call('sum.echo', 1, { timeoutMs: 50 }));
    expect(status).toBe('DEADLINE_EXCEEDED');
    expect(message).toMatch(/The handler may have run|may have run/);
    expect(message).toContain(`Topic ${REPLIES} does not exist: create it, or let createTopics be true.`);
    await until(() => statuses.at(-1) === 'crashed');
  });

  it('is named by a call that cannot be sent to it, where createTopics is false', async () => {
    const client = await connected(false);
    cluster.driver.deleteTopic(REQUESTS);
    const { message } = await failure(client.call('sum.echo', 1, { timeoutMs: 50 }));
    expect(message).toContain(`Topic ${REQUESTS} does not exist: create it, or let createTopics be true.`);
  });
});
