import { connect } from 'node:net';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';

describe('a connection that nobody takes', () => {
  it('fails with the code that Node gives, as stock transports do', async () => {
    // Port 1 is nobody's.
    const driver = kafkajsDriver({ brokers: ['127.0.0.1:1'], retries: 0 });
    const client = new KafkaRpcClient({ service: 'sum', driver });
    try {
      await expect(client.connect()).rejects.toMatchObject({ status: 'UNAVAILABLE', code: 'ECONNREFUSED' });
    } finally {
      await client.close();
    }
  });

  it('is tried at an IPv6 address as well', async () => {
    const hosts: unknown[] = [];
    const driver = kafkajsDriver({
      brokers: ['[::1]:1'],
      retries: 0,
      socketFactory: (options) => {
        hosts.push([options.host, options.port]);
        return connect({ host: '127.0.0.1', port: 1 }, options.onConnect);
      },
    });
    const client = new KafkaRpcClient({ service: 'sum', driver });
    await expect(client.connect()).rejects.toMatchObject({
      message: expect.stringContaining('Could not reach Kafka at [::1]:1: ') as string,
    });
    expect(hosts[0]).toEqual(['::1', 1]);
    await client.close();
  });
});
