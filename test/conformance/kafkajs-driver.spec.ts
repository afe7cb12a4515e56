import { Kafka as KafkajsClient, logLevel, type Admin } from 'kafkajs';
import type { TopicPartition } from '../../lib/driver/record.js';
import { kafkajsDriver } from '../../lib/driver/kafkajs/kafkajs-driver.js';
import { startKafka, type Kafka } from '../broker/kafka.js';
import { describeDriver, type DriverHarness } from './driver-conformance.js';

const NODE = 1;

/** A broker of its own, because the suite kills it. */
class KafkaHarness implements DriverHarness {
  readonly timing = { deadlineMs: 45_000, quietMs: 700, promptMs: 1_000, sessionTimeoutMs: 6_000 };
  private kafka: Kafka | undefined;

  async start(): Promise<void> {
    this.kafka = await startKafka({ nodes: 1, killable: true });
  }

  async stop(): Promise<void> {
    await this.kafka?.stop();
  }

  driver() {
    // What an operator changes is to be noticed within a test.
    return kafkajsDriver({ brokers: this.running.brokers, metadataMaxAgeMs: 1_000 });
  }

  address(): string {
    return this.running.brokers[0]!;
  }

  stopBroker(): Promise<void> {
    return this.running.kill(NODE);
  }

  startBroker(): Promise<void> {
    return this.running.startNode(NODE);
  }

  async produceRepeatedHeader(at: TopicPartition, name: string, values: readonly Buffer[]): Promise<void> {
    const producer = this.client().producer();
    await producer.connect();
    const message = { partition: at.partition, value: 'repeated', headers: { [name]: [...values] } };
    await producer.send({ topic: at.topic, messages: [message] });
    await producer.disconnect();
  }

  dropRecordsBefore({ topic, partition }: TopicPartition, offset: bigint): Promise<void> {
    return this.administer(async (admin) => {
      // kafkajs drops records only of a topic whose metadata it has, and this loads them.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    });
  }

  addPartitions(topic: string, count: number): Promise<void> {
    return this.administer(async (admin) => {
      await admin.createPartitions({ topicPartitions: [{ topic, count }] });
    });
  }

  deleteTopic(topic: string): Promise<void> {
    return this.administer((admin) => admin.deleteTopics({ topics: [topic] }));
  }

  private get running(): Kafka {
    if (this.kafka === undefined) throw new Error('The broker is not started.');
    return this.kafka;
  }

  private client(): KafkajsClient {
    return new KafkajsClient({ brokers: this.running.brokers, logLevel: logLevel.NOTHING });
  }

  private async administer(work: (admin: Admin) => Promise<void>): Promise<void> {
    const admin = this.client().admin();
    await admin.connect();
    await work(admin).finally(() => admin.disconnect());
  }
}

describeDriver('kafkajs', new KafkaHarness());
