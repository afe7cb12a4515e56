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
});
