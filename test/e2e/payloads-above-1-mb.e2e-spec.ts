import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(60_000);

const LARGE = randomBytes(1_000_000).toString('hex');
const RAISED = { maxRecordBytes: 3_000_000 };

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: string): string {
    return data;
  }

  @MessagePattern('large')
  large(): string {
    return LARGE;
  }
}

const metadata = { controllers: [EchoController] };

// As docs/guides/migration.md has it.
describe('a payload above 1 MB', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  /** Topics that nobody else has, the reply topic too. */
  const own = () => {
    const service = cluster.newService('large');
    return { service, topics: { prefix: `${service}.` }, partitions: 2, replyPartitions: 2 };
  };

  it('is not sent by default: the call fails at once, and says what to raise', async () => {
    const { service } = cluster;
    await cluster.serve(metadata, { service });
    const client = cluster.client({ service });

    for (const [pattern, data, what] of [
      ['echo', LARGE, 'request'],
      ['large', null, 'reply'],
    ] as const)
      await expect(client.call(pattern, data)).rejects.toMatchObject({
        status: 'RESOURCE_EXHAUSTED',
        retryable: false,
        message: expect.stringMatching(
          new RegExp(`^The ${what} has 20000\\d\\d bytes, and a record holds at most 1000000: `),
        ),
      });
    expect((await client.call('echo', 'small')).value).toBe('small');
  });

  it('is answered where both sides have raised maxRecordBytes, and the topics are made by them', async () => {
    const options = { ...own(), ...RAISED };
    await cluster.serve(metadata, options);

    expect((await cluster.client(options).call('echo', LARGE)).value).toBe(LARGE);
  });

  it('needs topics that allow it: a client says which does not, and works when it has been raised', async () => {
    const options = own();
    const { topics, service } = options;
    const { app } = await cluster.serve(metadata, options);
    await app.close();
    const admin = await cluster.topicAdmin();
    const raise = (topic: string) => admin.configure(topic, { 'max.message.bytes': '3016384' });
    const client = cluster.client({ ...options, ...RAISED });

    await expect(client.connect()).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: expect.stringContaining(
        `max.message.bytes=1048588, it must be at least 3016384 for records of maxRecordBytes=3000000`,
      ),
    });
    await raise(`${topics.prefix}rpc.replies`);
    await raise(`${topics.prefix}rpc.${service}.requests`);
    await cluster.serve(metadata, { ...options, ...RAISED });

    expect((await client.call('echo', LARGE)).value).toBe(LARGE);
  });
});
