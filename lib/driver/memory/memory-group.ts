import { setImmediate as nextTurn } from 'node:timers/promises';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { GroupDescription, GroupView, OffsetCommit } from '../driver.js';
import type { TopicPartition } from '../record.js';
import { stickyShares, type Subscriber } from '../sticky-assignment.js';
import { PartitionMap } from './partition-map.js';

/** Kafka's default of `offset.metadata.max.bytes`, so that metadata which fits here fits there. */
const MAX_METADATA_LENGTH = 4096;

/** A member as its group sees it. Of the methods, none throws. */
export interface Participant extends Subscriber {
  readonly memberId: string;
  readonly clientId: string;
  readonly memberData: Buffer;
  /** Stops reading what is not in `share`, and lets the handler finish and commit that. Settles in bounded time. */
  prepare(share: readonly TopicPartition[]): Promise<void>;
  /** Gives up what is not in `share`. */
  release(share: readonly TopicPartition[]): void;
  /** Takes what is new in `share`. */
  adopt(share: readonly TopicPartition[], group: GroupView): void;
  /** Loses all that it has, without a last chance. */
  lose(): void;
}

export interface GroupBroker {
  readonly isUp: boolean;
  /** The partitions of the topics, topic by topic. */
  partitionsOf(topics: readonly string[]): readonly TopicPartition[];
}

/**
 * A consumer group: who is in it, who has which partition, and what is committed. Outlives its members.
 *
 * Membership changes in an instant, the shares in a rebalance after it: who loses something prepares, then all release
 * what they lose, and only then all adopt what they gain, so that no partition has two owners. What stays is read on.
 */
export class MemoryGroup {
  private readonly broker: GroupBroker;
  private readonly commits = new PartitionMap<OffsetCommit>();
  private members: readonly Participant[] = [];
  /** Those whose session ran out: they join again behind the rebalance that their loss makes. */
  private expired: readonly Participant[] = [];
  private owners = new PartitionMap<Participant>();
  private isStale = false;
  private isRebalancing = false;

  constructor(broker: GroupBroker) {
    this.broker = broker;
  }

  add(member: Participant): void {
    this.members = [...this.members, member];
    this.rebalance();
  }

  remove(member: Participant): void {
    this.expired = this.expired.filter((other) => other !== member);
    if (!this.members.includes(member)) return;
    this.members = this.members.filter((other) => other !== member);
    for (const partition of this.broker.partitionsOf(member.topics)) {
      if (this.owners.get(partition) === member) this.owners.delete(partition);
    }
    this.rebalance();
  }

  /** A member whose session ran out loses all at once, unprepared. Its partitions are others' before it joins again. */
  expire(index: number): void {
    const member = this.members[index];
    if (member === undefined) {
      throw new RpcError(RpcStatus.NOT_FOUND, `No member ${index}: the group has ${this.members.length}.`);
    }
    this.remove(member);
    member.lose();
    this.expired = [...this.expired, member];
  }

  /** Who is in it now. Unlike Kafka's, its members say what they are in a rebalance, too. */
  describe(): GroupDescription {
    const members = this.members.map(({ memberId, clientId, memberData, owned }) => ({
      ...{ memberId, clientId, memberData },
      partitions: owned,
    }));
    return { members, isSettled: !this.isRebalancing };
  }

  committed(partition: TopicPartition): OffsetCommit | undefined {
    return this.commits.get(partition);
  }

  /** The topic was deleted, and its commits with it. */
  forgetCommits(topic: string): void {
    for (const commit of this.commits.values()) if (commit.topic === topic) this.commits.delete(commit);
  }

  /** There are other partitions than before. */
  shareAgain(): void {
    if (this.members.length > 0) this.rebalance();
  }

  /** Takes all or none. */
  commit(member: Participant, offsets: readonly OffsetCommit[]): void {
    for (const offset of offsets) this.checkCommit(member, offset);
    for (const offset of offsets) this.commits.set(offset, Object.freeze({ ...offset }));
  }

  /** Begins a rebalance that is due, or does nothing. For the broker, when it is up again. */
  catchUp(): void {
    if (this.isStale) this.rebalance();
  }

  private checkCommit(member: Participant, commit: OffsetCommit): void {
    const { topic, partition, metadata = '' } = commit;
    if (this.owners.get(commit) !== member) {
      throw new RpcError(
        RpcStatus.ABORTED,
        `Cannot commit partition ${partition} of topic "${topic}": it is not assigned to this member (any more).`,
      );
    }
    if (metadata.length > MAX_METADATA_LENGTH) {
      throw new RpcError(
        RpcStatus.RESOURCE_EXHAUSTED,
        `The metadata for partition ${partition} of topic "${topic}" has ${metadata.length} characters: ` +
          `a broker takes ${MAX_METADATA_LENGTH}.`,
      );
    }
  }

  private rebalance(): void {
    this.isStale = true;
    if (this.isRebalancing || !this.broker.isUp) return;
    this.isRebalancing = true;
    void this.rebalanceUntilSettled();
  }

  /** Who comes or goes while the others prepare is in the next round, which follows at once. */
  private async rebalanceUntilSettled(): Promise<void> {
    while (this.isStale && this.broker.isUp) {
      await nextTurn();
      this.isStale = false;
      const shares = stickyShares(this.members, (topic) => this.partitionsOf([topic]));
      await Promise.all([...shares].map(([member, share]) => member.prepare(share)));
      if (!this.broker.isUp) this.isStale = true;
      else if (!this.isStale) this.move(shares);
      this.takeBackExpired();
    }
    this.isRebalancing = false;
  }

  private takeBackExpired(): void {
    if (this.isStale || this.expired.length === 0) return;
    this.members = [...this.members, ...this.expired];
    this.expired = [];
    this.isStale = true;
  }

  private move(shares: ReadonlyMap<Participant, readonly TopicPartition[]>): void {
    this.owners = new PartitionMap();
    for (const [member, share] of shares) {
      for (const partition of share) this.owners.set(partition, member);
    }
    for (const [member, share] of shares) member.release(share);
    for (const [member, wanted] of shares) {
      const share = wanted.filter((at) => this.exists(at));
      member.adopt(share, this.viewOf(member, share.length));
    }
  }

  private viewOf(member: Participant, owned: number): GroupView {
    const isFirst = member === this.members[0];
    return {
      members: this.members.length,
      partitions: this.partitionsOf(member.topics),
      owned,
      memberData: isFirst ? this.members.map(({ memberData }) => memberData) : undefined,
    };
  }

  /** A topic may have been deleted while members prepared. */
  private exists({ topic, partition }: TopicPartition): boolean {
    return partition < this.partitionsOf([topic]);
  }

  private partitionsOf(topics: readonly string[]): number {
    return this.broker.partitionsOf(topics).length;
  }
}
