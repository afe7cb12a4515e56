import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { ConnectOptions, GroupHandler, GroupMember, GroupOptions, OffsetCommit } from '../driver.js';
import type { ConsumerRecord, TopicPartition } from '../record.js';
import { connectionClosed } from './cluster-link.js';
import type { Fetcher } from './fetcher.js';
import { errorType, toRpcError } from './kafkajs-errors.js';
import { isPassing } from './member-trouble.js';
import { Membership, type MembershipLinks } from './membership.js';
import { OwnedPartitions } from './owned-partitions.js';
import type { Reader } from './partition-cursor.js';

export interface MemberLinks extends MembershipLinks {
  readonly fetcher: Fetcher;
}

/**
 * A member of a consumer group, as the port has it. What it owns it reads through the connection's fetcher, so that membership
 * costs a call no round trip.
 */
export class KafkajsGroupMember implements GroupMember, Reader {
  private readonly owned: OwnedPartitions;
  private readonly membership: Membership;
  private isPaused = false;

  constructor(
    private readonly options: GroupOptions & { readonly retries: number },
    handler: GroupHandler,
    { fetcher, ...links }: MemberLinks,
    connectOptions: Pick<ConnectOptions, 'log' | 'onEvent'>,
  ) {
    this.owned = new OwnedPartitions({ fetcher, handler, reader: this, log: connectOptions.log });
    this.membership = new Membership(options, this.owned, links, connectOptions);
  }

  get assignment(): readonly TopicPartition[] {
    return this.owned.list;
  }

  /** Joins for the first time. @throws what kafkajs throws: at once what will not pass, else after bounded retries. */
  join(): Promise<void> {
    return this.membership.join();
  }

  async commit(offsets: readonly OffsetCommit[]): Promise<void> {
    const { membership } = this;
    const { groupId } = this.options;
    if (membership.isClosed) throw connectionClosed();
    if (!membership.permissions.commits) throw notAMember(groupId);
    const foreign = offsets.find((offset) => !this.owned.has(offset));
    if (foreign !== undefined) throw notOurs(foreign, groupId);
    try {
      // Who we are is taken together with the check: the next generation must not vouch for what this one owned.
      await membership.session.commit(offsets, membership.signature);
      membership.recovered('commit');
    } catch (error) {
      // Who commits is to commit less, and can.
      const isTooLong = errorType(error) === 'OFFSET_METADATA_TOO_LARGE';
      const failure = toRpcError(error, `commit ${topicsOf(offsets)} for group ${groupId}`);
      if (!isTooLong && !isPassing(error)) membership.failed('commit', failure);
      throw failure;
    }
  }

  pause(partitions?: readonly TopicPartition[]): void {
    if (partitions === undefined) this.isPaused = true;
    else this.owned.setPaused(partitions, true);
  }

  resume(partitions?: readonly TopicPartition[]): void {
    if (partitions === undefined) this.isPaused = false;
    else this.owned.setPaused(partitions, false);
    this.owned.readOn();
  }

  close(): Promise<void> {
    return this.membership.close();
  }

  onRecords(records: readonly ConsumerRecord[]): void {
    this.owned.tell('onRecords', (handler) => handler.onRecords(records));
  }

  onPositionReset(partition: TopicPartition, position: bigint): void {
    this.owned.tell('onPositionReset', (handler) => handler.onPositionReset?.(partition, position));
  }

  isReading(): boolean {
    return !this.isPaused && this.isOwner();
  }

  /** A process that was stopped for longer than its session may find its partitions in other hands. */
  isOwner(): boolean {
    return this.membership.permissions.reads && this.membership.session.isAlive();
  }
}

/** The broker's own text about a refused commit names none of them. */
const topicsOf = (offsets: readonly OffsetCommit[]): string =>
  [...new Set(offsets.map(({ topic }) => topic))].join(', ');

const notOurs = ({ topic, partition }: TopicPartition, groupId: string): RpcError =>
  new RpcError(
    RpcStatus.ABORTED,
    `${topic}[${partition}] is no longer this member's in group ${groupId}: its owner commits.`,
  );

const notAMember = (groupId: string): RpcError =>
  new RpcError(RpcStatus.ABORTED, `Group ${groupId} went on without this member: it joins again.`);
