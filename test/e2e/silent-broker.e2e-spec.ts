import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { FaultyNetwork } from '../support/faulty-network.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(60_000);

/** What closing may take beside the grace period. */
const CLOSE_MS = 2_000;

@Controller()
class Sum {
  @MessagePattern('add')
  add({ a, b }: { a: number; b: number }): number {
    return a + b;
  }
}

const timed = async (work: Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work;
  return performance.now() - startedAt;
};

describe('a broker that takes connections and says nothing', () => {
  let silent: Server;
  const sockets = new Set<Socket>();
  const driver = () => {
    const { port } = silent.address() as { port: number };
    return kafkajsDriver({ brokers: [`127.0.0.1:${port}`] });
  };

  beforeAll(async () => {
    silent = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await once(silent, 'close');
  });

  it('does not hold up the close of a client that connects', async () => {
    const client = new KafkaRpcClient({ service: 'silence', driver: driver() });
    const connecting = client.connect().catch(() => undefined);
    await once(silent, 'connection');

    expect(await timed(client.close())).toBeLessThan(CLOSE_MS);
    await connecting;
    // Nothing of it is left behind.
    await new Promise<void>((resolve) => setTimeout(resolve, 200));
    expect(sockets.size).toBe(0);
  });

  it('does not hold up the close of a server that starts', async () => {
    const server = new KafkaRpcServer({ service: 'silence', driver: driver() });
    const started = new Promise<unknown>((resolve) => server.listen(resolve));
    await once(silent, 'connection');

    expect(await timed(server.close())).toBeLessThan(CLOSE_MS);
    expect(await started).toMatchObject({ status: 'CANCELLED' });
  });
});

describe('a broker that falls silent', () => {
  let cluster: LiveCluster;
  let network: FaultyNetwork;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    network = await FaultyNetwork.before(cluster.kafka.brokers);
    cluster.onClose(() => network.close());
  });
  afterAll(() => cluster.close());
  afterEach(() => network.calm());

  const proxied = () =>
    kafkajsDriver({ brokers: cluster.kafka.brokers, socketFactory: network.socketFactory });

  it('holds up the close of a server by no more than its grace period and 2 s', async () => {
    const gracePeriodMs = 500;
    const running = await cluster.serve({ controllers: [Sum] }, { driver: proxied(), gracePeriodMs });
    const client = cluster.client();
    await client.call('add', { a: 1, b: 1 });

    network.proxies.forEach((proxy) => proxy.hold());

    expect(await timed(running.app.close())).toBeLessThan(gracePeriodMs + CLOSE_MS);
  });

  it('does not hold up the close of a client, calls on their way or not', async () => {
    await cluster.serve({ controllers: [Sum] });
    const client = cluster.client({ driver: proxied() });
    await client.call('add', { a: 1, b: 1 });

    network.proxies.forEach((proxy) => proxy.hold());
    const ends = Promise.allSettled(Array.from({ length: 20 }, () => client.call('add', { a: 1, b: 2 })));

    expect(await timed(client.close())).toBeLessThan(CLOSE_MS);
    expect((await ends).every(({ status }) => status === 'rejected')).toBe(true);
  });
});
