import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(90_000);

const CALLS = 30;

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('a request topic that is made anew with fewer partitions', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('has a place for the calls that were on their way to those that are gone', async () => {
    const topics = await cluster.topicAdmin();
    const topic = `rpc.${cluster.service}.requests`;
    await cluster.serve({ controllers: [EchoController] }, { partitions: 8 });
    const client = cluster.client({ timeoutMs: 60_000 });
    const callAll = (): Promise<unknown[]> =>
      Promise.all(
        Array.from({ length: CALLS }, async (_, i) => {
          const key = i % 2 === 0 ? { key: `key-${i}` } : {};
          return (await client.call('echo', i, key)).value;
        }),
      );
    const all = Array.from({ length: CALLS }, (_, i) => i);
    expect(await callAll()).toEqual(all);

    await topics.recreate(topic, 2);
    await eventually(10_000, async () => expect(await topics.partitions(topic)).toBe(2));
    expect(await callAll()).toEqual(all);
    expect(client.openCalls).toBe(0);
    expect(await callAll()).toEqual(all);
  });
});
