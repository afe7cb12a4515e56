import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

const MEBIBYTE = 1024 * 1024;

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('S2, a bomb in the compression of Kafka itself', () => {
  it('costs the server no more than garbage does, and calls go on', async () => {
    const cluster = await LiveCluster.start();
    const { server } = await cluster.serve({ controllers: [EchoController] }, { partitions: 1 });
    const client = cluster.client({ timeoutMs: 30_000 });
    expect((await client.call('echo', 1)).value).toBe(1);
    const topic = `rpc.${cluster.service}.requests`;
    const kafka = new Kafka({
      brokers: [...cluster.kafka.brokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    });
    const producer = kafka.producer();
    await producer.connect();
    const appended: number[] = [];
    for (const [count, bytes] of [
      [1, 64 * MEBIBYTE],
      [64, MEBIBYTE],
      [1, 900_000],
      [9_000, 100],
    ] as const) {
      const messages = Array.from({ length: count }, () => ({ value: Buffer.alloc(bytes) }));
      // The broker stores batches plain, so it refuses those that are too large when plain.
      const sent = producer.send({ topic, messages, compression: CompressionTypes.GZIP, acks: -1 });
      await sent.then(
        () => appended.push(count),
        () => undefined,
      );
      expect((await client.call('echo', count)).value).toBe(count);
    }
    expect(appended.length).toBeGreaterThan(0);
    const records = appended.reduce((sum, count) => sum + count, 0);
    expect(server.counters.recordsRefused).toBe(records);
    await producer.disconnect();
    await cluster.close();
  });
});
