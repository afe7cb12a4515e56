import kafkajs, { type Admin } from 'kafkajs';

const { AssignerProtocol, Kafka, logLevel } = kafkajs;

/** A consumer group as the broker sees it: asked with kafkajs itself, so that the package does not vouch for itself. */
export class GroupView {
  private constructor(
    private readonly admin: Admin,
    private readonly groupId: string,
    private readonly topic: string,
  ) {}

  static async open(brokers: string[], service: string): Promise<GroupView> {
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    return new GroupView(admin, `rpc.${service}`, `rpc.${service}.requests`);
  }

  /** How many partitions each member has. */
  async shares(): Promise<number[]> {
    const { groups } = await this.admin.describeGroups([this.groupId]);
    return groups[0]!.members
      .map(({ memberAssignment }) => AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment)
      .map((assignment) => assignment?.[this.topic]?.length ?? 0)
      .sort((a, b) => a - b);
  }

  /** Records that are in the topic and not committed. */
  async lag(): Promise<number> {
    const [committed] = await this.admin.fetchOffsets({ groupId: this.groupId, topics: [this.topic] });
    const ends = await this.admin.fetchTopicOffsets(this.topic);
    const places = new Map(committed!.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    const behind = ends.map(({ partition, high }) => Number(high) - Math.max(places.get(partition) ?? 0, 0));
    return behind.reduce((sum, records) => sum + records, 0);
  }

  close(): Promise<void> {
    return this.admin.disconnect();
  }
}
