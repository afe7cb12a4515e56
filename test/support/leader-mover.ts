import kafkajs, { type Admin } from 'kafkajs';
import { askBroker, int32, string16 } from './raw-request.js';

const { Kafka, logLevel } = kafkajs;

const ELECT_LEADERS = { api: 43, version: 1 };
const PREFERRED = 0;
const TIMEOUT_MS = 10_000;

/** Moves the leaders of topics from broker to broker, without moving data: another replica is preferred, and then elected. */
export class LeaderMover {
  /** Partitions whose leader has moved. */
  moved = 0;

  private constructor(
    private readonly admin: Admin,
    private readonly broker: string,
  ) {}

  static async open(brokers: string[]): Promise<LeaderMover> {
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 20 } }).admin();
    await admin.connect();
    return new LeaderMover(admin, brokers[0]!);
  }

  /** Has the next replica lead each partition of these topics. */
  async move(topics: readonly string[]): Promise<void> {
    const before = await this.partitionsOf(topics);
    await this.admin.alterPartitionReassignments({
      topics: before.map(({ topic, partitions }) => ({
        topic,
        partitionAssignment: partitions.map(({ partition, replicas, leader }) => ({
          partition,
          replicas: [...replicas].sort((a, b) => turn(a, leader, replicas) - turn(b, leader, replicas)),
        })),
      })),
    });
    await this.elect(
      before.map(({ topic, partitions }) => ({ topic, partitions: partitions.map((p) => p.partition) })),
    );
    const after = await this.partitionsOf(topics);
    const leaders = before.flatMap(({ partitions }) => partitions.map(({ leader }) => leader));
    this.moved += after
      .flatMap(({ partitions }) => partitions)
      .filter(({ leader }, at) => leader !== leaders[at]).length;
  }

  close(): Promise<void> {
    return this.admin.disconnect();
  }

  private async partitionsOf(topics: readonly string[]) {
    const found = await this.admin.fetchTopicMetadata({ topics: [...topics] });
    return found.topics.map(({ name, partitions }) => ({
      topic: name,
      partitions: [...partitions]
        .sort((a, b) => a.partitionId - b.partitionId)
        .map(({ partitionId, leader, replicas }) => ({ partition: partitionId, leader, replicas })),
    }));
  }

  /** kafkajs cannot: the request is written here. */
  private async elect(
    topics: readonly { readonly topic: string; readonly partitions: number[] }[],
  ): Promise<void> {
    const body = Buffer.concat([
      Buffer.from([PREFERRED]),
      int32(topics.length),
      ...topics.flatMap(({ topic, partitions }) => [
        string16(topic),
        int32(partitions.length),
        ...partitions.map(int32),
      ]),
      int32(TIMEOUT_MS),
    ]);
    const answer = await askBroker(this.broker, { ...ELECT_LEADERS, body });
    // Behind the throttle time. What single partitions say is seen in `moved`.
    const error = answer.readInt16BE(4);
    if (error !== 0) throw new Error(`ElectLeaders: error ${error}`);
  }
}

/** The replicas in a ring: the one behind the leader comes first, the leader last. */
const turn = (replica: number, leader: number, replicas: readonly number[]): number => {
  const ring = [...replicas].sort((a, b) => a - b);
  return (ring.indexOf(replica) - ring.indexOf(leader) - 1 + ring.length) % ring.length;
};
