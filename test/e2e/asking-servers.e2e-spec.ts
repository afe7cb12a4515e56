import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { encryption, keyring, KafkaRpcServer, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(90_000);

let release: () => void = () => undefined;

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(data: unknown): unknown {
    return data;
  }

  @MessagePattern('stuck')
  stuck(): Promise<string> {
    return new Promise((resolve) => (release = () => resolve('free')));
  }
}

describe('asking servers, on a broker', () => {
  let cluster: LiveCluster;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  const serve = (service: string, options: object = {}) =>
    cluster.serve({ controllers: [EchoController] }, { service, ...options });

  it('hears of all live servers, those without a partition too, and of none that has closed', async () => {
    const service = cluster.newService('ask');
    client = cluster.client({ service });
    const servers: KafkaRpcServer[] = [];
    for (let i = 0; i < 3; i++)
      servers.push((await serve(service, { partitions: 2, version: `1.0.${i}` })).server);
    await client.call('echo', 1);

    const answers = await client.ping();

    expect(answers.map(({ id }) => id).sort()).toEqual(servers.map(({ id }) => id).sort());
    for (const answer of answers) {
      expect(answer).toMatchObject({ state: 'live', service, patterns: ['echo', 'stuck'] });
      expect(answer.capabilities).toContain('ask');
      expect(answer.roundTripMs).toBeGreaterThan(0);
    }
    await eventually(10_000, async () =>
      expect((await client.ping()).flatMap(({ partitions }) => partitions).sort()).toEqual([0, 1]),
    );
    await servers[0]!.close();
    await eventually(10_000, async () =>
      expect((await client.ping()).map(({ id }) => id).sort()).toEqual(
        [servers[1]!.id, servers[2]!.id].sort(),
      ),
    );
    expect(await client.services()).toMatchObject([
      { name: service, versions: ['1.0.1', '1.0.2'], live: 2, silent: 0 },
    ]);
    expect(await client.stats(service, servers[1]!.id)).toMatchObject([
      { id: servers[1]!.id, started: expect.any(Date) },
    ]);
    expect(await client.info({ id: servers[1]!.id })).toMatchObject([{ groupId: `rpc.${service}` }]);
  });

  it('hears of a server that is stuck in its queue', async () => {
    const service = cluster.newService('stuck');
    client = cluster.client({ service });
    const { server } = await serve(service, { concurrency: 1, maxQueued: 4 });
    const calls = [client.call('stuck', 1), ...Array.from({ length: 50 }, () => client.call('echo', 2))];
    await eventually(10_000, async () => expect(server.callsInHand).toBeGreaterThanOrEqual(4));

    const [answer] = await client.ping();

    expect(answer).toMatchObject({ id: server.id, state: 'live', load: { running: 1, concurrency: 1 } });
    expect(answer!.load!.queued).toBeGreaterThanOrEqual(3);
    expect(answer!.load!.oldestQueuedMs).toBeGreaterThan(0);
    release();
    await Promise.all(calls);
  });

  it('lists a process that stands still as silent, and as live when it goes on', async () => {
    const service = cluster.newService('still');
    client = cluster.client({ service });
    const program = await cluster.startServer({ service });
    const { server: live } = await serve(service);
    await eventually(20_000, async () =>
      expect((await client.ping()).map(({ state }) => state)).toEqual(['live', 'live']),
    );

    program.signal('SIGSTOP');
    const [first, second] = await client.ping({ timeoutMs: 1_000 });
    program.signal('SIGCONT');

    expect(first).toMatchObject({ id: live.id, state: 'live' });
    expect(second).toMatchObject({ state: 'silent', load: undefined });
    expect(second!.patterns).toContain('echo');
    await eventually(20_000, async () =>
      expect((await client.ping()).map(({ state }) => state)).toEqual(['live', 'live']),
    );
  });

  it('goes through the stages of calls', async () => {
    const service = cluster.newService('sealed');
    const stages = (fill: number) => [
      encryption({ keyring: keyring({ current: 'k1', keys: { k1: Buffer.alloc(32, fill) } }) }),
    ];
    const { server } = await serve(service, { interceptors: stages(1) });

    const known = cluster.client({ service, interceptors: stages(1) });
    expect(await known.ping()).toMatchObject([{ id: server.id, state: 'live' }]);
    const stranger = cluster.client({ service, interceptors: stages(2) });
    expect(await stranger.ping({ timeoutMs: 500 })).toMatchObject([{ id: server.id, state: 'silent' }]);
  });
});
