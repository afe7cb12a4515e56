import type { GroupOptions, OffsetCommit } from '../driver.js';
import type { TopicPartition } from '../record.js';
import { codeOfCause } from '../../errors/rpc-error.js';
import { rejectRequests, type Broker } from './captured-cluster.js';
import type { ClusterLink } from './cluster-link.js';
import type { EncodedShare, JoinedMember } from './group-assignment.js';
import type { encodeSubscriptions } from './group-protocol.js';
import { errorType, isConnectionFailure } from './kafkajs-errors.js';

/** How long the coordinator waits for members to join again. */
const REBALANCE_TIMEOUT_MS = 10_000;
/**
 * A group whose coordinator is down loses nobody: the next coordinator gives each member a session anew. So many sessions without
 * an answer end that, because a coordinator that only we take for down may have given our partitions away.
 */
const MAX_SESSIONS_WITHOUT_COORDINATOR = 3;

const LOST = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);
const COORDINATOR_MOVED = new Set([
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);

/** Who a member is to its coordinator. A request takes it along from where its reason was found. */
export interface MemberIdentity {
  readonly memberId: string;
  readonly generationId: number;
}

/** A generation of the group, as the coordinator tells its members. */
export interface JoinedGroup extends MemberIdentity {
  /** The way of sharing that all members know. */
  readonly protocol: string;
  readonly isLeader: boolean;
  /** Told to the leader alone. */
  readonly members: readonly JoinedMember[];
}

export interface SessionLinks {
  /** For joins alone: a join is answered only when all members have joined, and the broker answers the requests of a
   * connection one after the other. */
  readonly join: ClusterLink;
  /** For all else: a member heartbeats and commits while its join is under way. */
  readonly talk: ClusterLink;
}

const NOBODY: MemberIdentity = Object.freeze({ memberId: '', generationId: -1 });

/**
 * The talk with a group's coordinator: join and sync, heartbeats, commits, leave.
 * @see https://kafka.apache.org/protocol.html (JoinGroup, SyncGroup, Heartbeat, OffsetCommit, LeaveGroup)
 */
export class GroupSession {
  private coordinators = new Map<ClusterLink, Broker>();
  private identity = NOBODY;
  private lastAnswerAt = performance.now();
  /** Since then no coordinator can have found our session over. */
  private aliveSince = this.lastAnswerAt;

  constructor(
    private readonly options: GroupOptions,
    private readonly links: SessionLinks,
  ) {}

  /** Whether the coordinator must still take us for alive. */
  isAlive(): boolean {
    return performance.now() - this.aliveSince < this.options.sessionTimeoutMs;
  }

  /** Resolves when all members have joined. */
  async join(groupProtocols: ReturnType<typeof encodeSubscriptions>): Promise<JoinedGroup> {
    const { groupId, sessionTimeoutMs } = this.options;
    const joined = await this.ask(this.links.join, (coordinator) =>
      coordinator.joinGroup({
        groupId,
        sessionTimeout: sessionTimeoutMs,
        rebalanceTimeout: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs),
        memberId: this.identity.memberId,
        groupProtocols,
      }),
    );
    const { memberId, generationId, leaderId, groupProtocol, members } = joined;
    this.identity = Object.freeze({ memberId, generationId });
    this.answered();
    return { ...this.identity, protocol: groupProtocol, isLeader: leaderId === memberId, members };
  }

  /** Resolves when the leader has shared out. @returns what the leader tells this member. */
  async sync(
    { memberId, generationId }: JoinedGroup,
    groupAssignment: readonly EncodedShare[],
  ): Promise<Buffer> {
    const { groupId } = this.options;
    const { memberAssignment } = await this.ask(this.links.join, (coordinator) =>
      coordinator.syncGroup({ groupId, memberId, generationId, groupAssignment }),
    );
    this.answered();
    return memberAssignment;
  }

  /** Ends a join whose answer will not come. */
  endJoin(reason: Error): void {
    rejectRequests(this.links.join.cluster, reason);
  }

  /** @throws what kafkajs throws; `REBALANCE_IN_PROGRESS` is a sign of life, too. */
  async heartbeat(): Promise<void> {
    const sentAt = performance.now();
    try {
      await this.ask(this.links.talk, (coordinator) => coordinator.heartbeat(this.signed(this.identity)));
      this.answered(sentAt);
    } catch (error) {
      if (errorType(error) === 'REBALANCE_IN_PROGRESS') this.answered(sentAt);
      else if (isCoordinatorDown(error)) this.outliveCoordinator(sentAt);
      throw error;
    }
  }

  /**
   * @param identity that of the generation in which the partitions were owned: in the next one they may be another's
   * @throws what kafkajs throws; `ILLEGAL_GENERATION` and its like when the group has gone on.
   */
  async commit(offsets: readonly OffsetCommit[], identity: MemberIdentity): Promise<void> {
    const topics = byTopic(offsets).map(([topic, partitions]) => ({
      topic,
      partitions: partitions.map(({ partition, offset, metadata }) => ({
        partition,
        offset: String(offset),
        metadata: metadata ?? '',
      })),
    }));
    await this.ask(this.links.talk, (coordinator) =>
      coordinator.offsetCommit({ ...this.signed(identity), topics }),
    );
  }

  /** The group's commits for these partitions, where there are any. */
  async committed(partitions: readonly TopicPartition[]): Promise<OffsetCommit[]> {
    const { groupId } = this.options;
    const topics = byTopic(partitions).map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ partition }) => ({ partition })),
    }));
    const { responses } = await this.ask(this.links.talk, (coordinator) =>
      coordinator.offsetFetch({ groupId, topics }),
    );
    return responses.flatMap(({ topic, partitions: found }) =>
      found
        .map(({ partition, offset, metadata }) => ({
          topic,
          partition,
          offset: BigInt(offset),
          metadata: metadata ?? '',
        }))
        .filter(({ offset }) => offset >= 0n),
    );
  }

  /** After an error that means that the group went on without this member. @returns whether it is such an error. */
  forget(error: unknown): boolean {
    if (!isMembershipLost(error)) return false;
    // A member whose generation alone is old is still known by its id.
    if (errorType(error) !== 'ILLEGAL_GENERATION') this.identity = NOBODY;
    return true;
  }

  async leave(): Promise<void> {
    const { memberId } = this.identity;
    if (memberId === '') return;
    const { groupId } = this.options;
    await this.ask(this.links.talk, (coordinator) => coordinator.leaveGroup({ groupId, memberId }));
    this.identity = NOBODY;
  }

  private answered(at = performance.now()): void {
    this.lastAnswerAt = at;
    this.aliveSince = at;
  }

  private outliveCoordinator(at: number): void {
    // A process that stood still for longer than its session cannot tell what happened meanwhile.
    if (!this.isAlive()) return;
    const limit = (MAX_SESSIONS_WITHOUT_COORDINATOR - 1) * this.options.sessionTimeoutMs;
    if (at - this.lastAnswerAt < limit) this.aliveSince = at;
  }

  private signed({ memberId, generationId }: MemberIdentity) {
    return { groupId: this.options.groupId, memberId, groupGenerationId: generationId };
  }

  /** What fails has the coordinator looked for again, and its connection made anew. */
  private async ask<T>(link: ClusterLink, request: (coordinator: Broker) => Promise<T>): Promise<T> {
    const { groupId } = this.options;
    const known = this.coordinators.get(link);
    const coordinator = known ?? (await link.cluster.findGroupCoordinator({ groupId }));
    this.coordinators.set(link, coordinator);
    try {
      return await request(coordinator);
    } catch (error) {
      if (isConnectionFailure(error) || isCoordinatorMoved(error)) this.coordinators.delete(link);
      if (isConnectionFailure(error)) await link.recover(error, coordinator.nodeId);
      throw error;
    }
  }
}

export const isMembershipLost = (error: unknown): boolean => LOST.has(errorType(error) ?? '');

export const isCoordinatorMoved = (error: unknown): boolean => COORDINATOR_MOVED.has(errorType(error) ?? '');

/** Nobody listens at the coordinator's address, or the broker there says that it does not coordinate the group, or not yet. */
const isCoordinatorDown = (error: unknown): boolean =>
  isCoordinatorMoved(error) || codeOfCause(error) === 'ECONNREFUSED';

const byTopic = <T extends TopicPartition>(partitions: readonly T[]): [string, T[]][] => {
  const topics = new Map<string, T[]>();
  for (const partition of partitions) {
    const ofTopic = topics.get(partition.topic) ?? [];
    topics.set(partition.topic, ofTopic);
    ofTopic.push(partition);
  }
  return [...topics];
};
