import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('a broker that is not there', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start({ killable: true });
    await cluster.kafka.stopNode(1);
  });
  afterAll(() => cluster.close());

  it('fails connect, call and listen with the addresses tried, and the same objects work once it is there', async () => {
    const client = cluster.client();
    const { app, server } = await cluster.app({ controllers: [EchoController] });
    const unreachable = {
      status: 'UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining(cluster.kafka.brokers[0]!) as string,
    };
    const listening = (): Promise<unknown> => new Promise((resolve) => server.listen(resolve));

    const startedAt = performance.now();
    await expect(client.connect()).rejects.toMatchObject(unreachable);
    await expect(client.call('echo', 1)).rejects.toMatchObject(unreachable);
    await expect(firstValueFrom(client.send('echo', 1))).rejects.toMatchObject(unreachable);
    await expect(app.listen()).rejects.toMatchObject(unreachable);
    expect(await listening()).toMatchObject(unreachable);
    expect(performance.now() - startedAt).toBeLessThan(60_000);

    await cluster.kafka.startNode(1);
    await app.listen();
    await client.connect();
    expect((await client.call('echo', 2)).value).toBe(2);
    expect(await firstValueFrom(client.send('echo', 3))).toBe(3);
  });
});
