import type { DriverConnection, GroupMember, KafkaDriver, OffsetCommit } from 'nestjs-kafka-rpc';

/** A driver whose commits the test decides on. */
export class GatedCommits implements KafkaDriver {
  readonly name = 'gated commits';
  /** Those that the broker has, in order. */
  readonly taken: (readonly OffsetCommit[])[] = [];
  /** Awaited by each before the broker gets it: what it rejects with is the answer. */
  before: (offsets: readonly OffsetCommit[]) => Promise<unknown> = () => Promise.resolve();

  constructor(private readonly inner: KafkaDriver) {}

  async connect(options: Parameters<KafkaDriver['connect']>[0]): Promise<DriverConnection> {
    const connection = await this.inner.connect(options);
    const joinGroup = connection.joinGroup.bind(connection);
    connection.joinGroup = async (group, handler) => this.gated(await joinGroup(group, handler));
    return connection;
  }

  private gated(member: GroupMember): GroupMember {
    const commit = member.commit.bind(member);
    member.commit = async (offsets) => {
      await this.before(offsets);
      await commit(offsets);
      this.taken.push(offsets);
    };
    return member;
  }
}
