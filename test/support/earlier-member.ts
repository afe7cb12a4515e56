import kafkajs, { type Assigner, type Consumer, type PartitionAssigner } from 'kafkajs';

const { AssignerProtocol, Kafka, logLevel } = kafkajs;
const { MemberAssignment, MemberMetadata } = AssignerProtocol;

/** The one way of sharing that members of the version before incremental rebalances know. */
const NAME = 'nestjs-kafka-rpc';

/**
 * A group member as it was before rebalances were incremental, played by kafkajs' own consumer: it stands still in every rebalance,
 * and offers one way of sharing. It reads and answers nothing.
 */
export class EarlierMember {
  private constructor(
    private readonly consumer: Consumer,
    private readonly latest: { assignment: number[] },
  ) {}

  /** Resolves when it is a member. */
  static async join(brokers: string[], groupId: string, topic: string): Promise<EarlierMember> {
    const consumer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({
      groupId,
      sessionTimeout: 6_000,
      heartbeatInterval: 200,
      maxWaitTimeInMs: 100,
      partitionAssigners: [assigner],
    });
    const latest = { assignment: [] as number[] };
    const joined = new Promise<void>((resolve) =>
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        latest.assignment = payload.memberAssignment[topic] ?? [];
        resolve();
      }),
    );
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
    await joined;
    return new EarlierMember(consumer, latest);
  }

  /** The partitions that it was given last. */
  get partitions(): readonly number[] {
    return this.latest.assignment;
  }

  leave(): Promise<void> {
    return this.consumer.disconnect();
  }
}

/** Deals out in turn, and leaves nothing where it was: the worst that a leader of before can do. */
const assigner: PartitionAssigner = ({ cluster }): Assigner => ({
  name: NAME,
  version: 0,
  protocol: ({ topics }) => ({
    name: NAME,
    metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
  }),
  assign: async ({ members, topics }) =>
    members.map(({ memberId }, turn) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({
        version: 0,
        assignment: Object.fromEntries(
          topics.map((topic) => [
            topic,
            cluster
              .findTopicPartitionMetadata(topic)
              .map(({ partitionId }) => partitionId)
              .filter((partition) => partition % members.length === turn),
          ]),
        ),
        userData: Buffer.alloc(0),
      }),
    })),
});
