import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { KafkaRpcClient, RpcError } from 'nestjs-kafka-rpc';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(90_000);

/** A second for the call, and what a busy machine adds. */
const LIMIT_MS = 1_500;
const SESSION_MS = 6_000;

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(data: unknown): unknown {
    return data;
  }

  @MessagePattern('slow')
  async slow(): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    return 'done';
  }
}

describe("a call with whenNoServer: 'fail', on a broker", () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  const clientOf = async (service: string): Promise<KafkaRpcClient> => {
    const client = cluster.client({ service, whenNoServer: 'fail', timeoutMs: 60_000 });
    await client.connect();
    return client;
  };

  const expectNoServer = async (client: KafkaRpcClient, limitMs = LIMIT_MS): Promise<void> => {
    const startedAt = performance.now();
    const error = await client.call('echo', 1).then(
      () => undefined,
      (failure: RpcError) => failure,
    );
    expect(error).toMatchObject({ status: 'UNAVAILABLE' });
    expect(error!.message).toContain('no server for "echo"');
    expect(performance.now() - startedAt).toBeLessThan(limitMs);
  };

  it('fails where there never was a server, and where the last one has closed', async () => {
    const service = cluster.newService('none');
    const client = await clientOf(service);
    await expectNoServer(client, 3 * LIMIT_MS); // the broker may have to make the topic of its groups
    await expectNoServer(client);

    const { app } = await cluster.serve({ controllers: [EchoController] }, { service });
    expect(await client.call('echo', 2)).toMatchObject({ value: 2 });
    expect(await client.call('slow', 2)).toMatchObject({ value: 'done' });
    await app.close();
    await expectNoServer(client);
  });

  it('waits for a server that was killed until its session is over, and fails then', async () => {
    const service = cluster.newService('killed');
    const client = await clientOf(service);
    const server = await cluster.startServer({ service, sessionTimeoutMs: SESSION_MS });
    expect(await client.call('echo', { answer: 1 })).toBeDefined();
    await server.kill();
    await expectNoServer(client, SESSION_MS + 4 * LIMIT_MS);
    await expectNoServer(client);
  });
});
