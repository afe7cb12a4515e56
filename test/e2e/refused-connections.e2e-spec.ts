import { once } from 'node:events';
import type { DriverEvent } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { connect, createServer, type Socket } from 'node:net';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(60_000);

/** Attempts that Node would have warned after by far. */
const DISCONNECTED_MS = 6_000;

describe('while a broker refuses connections', () => {
  it("no warning of a leak is given, with sockets of the user's own either", async () => {
    const cluster = await LiveCluster.start();
    const [host, port] = cluster.kafka.brokers[0]!.split(':') as [string, string];
    const sockets = new Set<Socket>();
    const proxy = createServer((client) => {
      const broker = connect(Number(port), host);
      for (const socket of [client, broker]) sockets.add(socket.on('error', () => undefined));
      client.pipe(broker).pipe(client);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port: proxyPort } = proxy.address() as { port: number };
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);

    const events: DriverEvent[] = [];
    const silent = (): void => undefined;
    const connection = await kafkajsDriver({
      brokers: cluster.kafka.brokers,
      socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port: proxyPort }, onConnect),
    }).connect({
      clientId: 'refused',
      log: { debug: silent, info: silent, warn: silent, error: silent },
      onEvent: (event) => events.push(event),
    });
    const topic = cluster.newService('refused');
    const spec = { topic, partitions: 3, replicationFactor: 1, config: {}, required: [] };
    await connection.ensureTopics([spec], { create: true });
    for (const partition of [0, 1, 2])
      await connection.readPartition({ topic, partition, from: 'latest' }, () => undefined);

    proxy.close();
    for (const socket of sockets) socket.destroy();
    await eventually(10_000, () => expect(events.at(-1)?.type).toBe('disconnected'));
    // More waits at one time than Node takes for well.
    const counts = Array.from({ length: 30 }, () =>
      connection.readPartition({ topic, partition: 0, from: 'latest' }, silent).catch(silent),
    );
    await new Promise<void>((resolve) => setTimeout(resolve, DISCONNECTED_MS));
    await connection.close();
    await Promise.all(counts);
    process.off('warning', onWarning);

    expect(warnings.map(({ message }) => message)).toEqual([]);
    await cluster.close();
  });
});
