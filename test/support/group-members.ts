import type {
  DriverConnection,
  GroupHandler,
  GroupMember,
  GroupOptions,
  OffsetCommit,
  RpcError,
} from 'nestjs-kafka-rpc';

/** A group with one member: the test plays the group and the broker. */
export class PlayedGroup {
  handler!: GroupHandler;
  options!: GroupOptions;
  /** Commits that the broker took, each with its offsets by partition. */
  readonly commits: (readonly OffsetCommit[])[] = [];
  /** What was done to the member, in order. */
  readonly log: string[] = [];
  /** What the next commits fail with, one each; `undefined` for one that works. */
  readonly failures: (RpcError | undefined)[] = [];
  /** Awaited by every commit. */
  gate: Promise<unknown> = Promise.resolve();
  isClosed = false;

  private readonly member: GroupMember = {
    assignment: [],
    commit: async (offsets) => {
      this.log.push(`commit ${offsets.map(({ partition, offset }) => `${partition}:${offset}`).join(' ')}`);
      await this.gate;
      const failure = this.failures.shift();
      if (failure !== undefined) throw failure;
      this.commits.push(offsets);
    },
    pause: () => void this.log.push('pause'),
    resume: () => void this.log.push('resume'),
    close: async () => {
      this.isClosed = true;
      this.log.push('close');
    },
  };

  /** The part of a connection that joins a group. */
  connection(): DriverConnection {
    const joinGroup: DriverConnection['joinGroup'] = async (options, handler) => {
      this.options = options;
      this.handler = handler;
      return this.member;
    };
    return { joinGroup } as DriverConnection;
  }
}
