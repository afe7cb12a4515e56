import kafkajs, { type Admin } from 'kafkajs';
import { eventually } from '../conformance/eventually.js';

const { ConfigResourceTypes, Kafka, logLevel } = kafkajs;

const SETTINGS = [
  { name: 'message.timestamp.type', value: 'LogAppendTime' },
  { name: 'compression.type', value: 'uncompressed' },
];

/** What an operator does to topics, done with kafkajs itself. */
export class TopicAdmin {
  private constructor(private readonly admin: Admin) {}

  static async open(brokers: string[]): Promise<TopicAdmin> {
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 20 } }).admin();
    await admin.connect();
    return new TopicAdmin(admin);
  }

  /** With the settings that the package asks for. */
  async create(topic: string, partitions: number): Promise<void> {
    const wanted = { topic, numPartitions: partitions, configEntries: SETTINGS };
    await this.admin.createTopics({ waitForLeaders: true, topics: [wanted] });
  }

  async delete(topic: string): Promise<void> {
    await this.admin.deleteTopics({ topics: [topic] });
    await eventually(20_000, async () => {
      if ((await this.admin.listTopics()).includes(topic)) throw new Error(`${topic} is still there.`);
    });
  }

  /** Deletes it and makes it anew: the broker counts its offsets from 0 again. */
  async recreate(topic: string, partitions: number): Promise<void> {
    await this.delete(topic);
    // A broker may take the deletion for still under way.
    await eventually(20_000, () => this.create(topic, partitions));
  }

  async grow(topic: string, partitions: number): Promise<void> {
    await this.admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] });
  }

  /** Beside the settings that the package asks for. */
  async configure(topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const others = Object.entries(settings).map(([name, value]) => ({ name, value }));
    const configEntries = [...SETTINGS, ...others];
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries };
    await this.admin.alterConfigs({ validateOnly: false, resources: [resource] });
  }

  async partitions(topic: string): Promise<number> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]!.partitions.length;
  }

  /** How many records a topic has had. */
  async records(topic: string): Promise<number> {
    const ends = await this.admin.fetchTopicOffsets(topic);
    return ends.reduce((sum, { high }) => sum + Number(high), 0);
  }

  /** Deletes all records that a topic has now. @returns how many there were */
  async truncate(topic: string): Promise<number> {
    const ends = await this.admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await this.admin.deleteTopicRecords({ topic, partitions });
    return ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  }

  close(): Promise<void> {
    return this.admin.disconnect();
  }
}
