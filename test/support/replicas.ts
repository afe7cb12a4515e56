import kafkajs, { type Admin } from 'kafkajs';

const { Kafka, logLevel } = kafkajs;

/** Replicas and leaders as the cluster has them: asked with kafkajs itself, past the proxies. */
export class Replicas {
  private constructor(private readonly admin: Admin) {}

  static async open(brokers: string[]): Promise<Replicas> {
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 20 } }).admin();
    await admin.connect();
    return new Replicas(admin);
  }

  /** Partitions of which a replica is not in sync, by name. */
  async outOfSync(): Promise<string[]> {
    const { topics } = await this.admin.fetchTopicMetadata();
    return topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ isr, replicas }) => isr.length < replicas.length)
        .map(({ partitionId }) => `${name}[${partitionId}]`),
    );
  }

  /** Where each broker says that it is to be found. */
  async addresses(): Promise<string[]> {
    const { brokers } = await this.admin.describeCluster();
    return brokers.map(({ host, port }) => `${host}:${port}`);
  }

  /** The leader of each partition of a topic. */
  async leaders(topic: string): Promise<number[]> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    return [...topics[0]!.partitions]
      .sort((a, b) => a.partitionId - b.partitionId)
      .map(({ leader }) => leader);
  }

  close(): Promise<void> {
    return this.admin.disconnect();
  }
}
