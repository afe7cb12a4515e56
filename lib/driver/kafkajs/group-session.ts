import type { GroupOptions, OffsetCommit } from '../driver.js';
import type { TopicPartition } from '../record.js';
import { sleep } from './backoff.js';
import type { Broker } from './captured-cluster.js';
import type { ClusterLink } from './cluster-link.js';
import { ASSIGNER_NAME, assignPartitions, decodeAssignment, encodeMember } from './group-protocol.js';
import { errorType, isConnectionFailure } from './kafkajs-errors.js';

/** Heartbeats per session: some may be lost. */
const HEARTBEATS_PER_SESSION = 10;
const LONGEST_HEARTBEAT_INTERVAL_MS = 500;
/** How long the coordinator waits for members to join again. */
const REBALANCE_TIMEOUT_MS = 10_000;

const LOST = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);
const COORDINATOR_MOVED = new Set([
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);

/**
 * The talk with a group's coordinator: join and sync, heartbeats, commits, leave.
 * @see https://kafka.apache.org/protocol.html (JoinGroup, SyncGroup, Heartbeat, OffsetCommit, LeaveGroup)
 */
export class GroupSession {
  private coordinator: Broker | undefined;
  private memberId = '';
  private generationId = -1;
  private lastHeartbeatAt = performance.now();

  constructor(
    private readonly options: GroupOptions,
    private readonly link: ClusterLink,
  ) {}

  /** Whether the coordinator must still take us for alive. */
  isAlive(): boolean {
    return performance.now() - this.lastHeartbeatAt < this.options.sessionTimeoutMs;
  }

  /** Joins, and shares out the partitions if this member is chosen to. @returns what is ours now. */
  async join(
    owned: readonly TopicPartition[],
    partitionsOf: (topic: string) => number,
  ): Promise<readonly TopicPartition[]> {
    const { groupId, topics, sessionTimeoutMs } = this.options;
    this.coordinator = await this.link.cluster.findGroupCoordinator({ groupId });
    const joined = await this.coordinator.joinGroup({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs),
      memberId: this.memberId,
      groupProtocols: [{ name: ASSIGNER_NAME, metadata: encodeMember(topics, owned) }],
    });
    this.memberId = joined.memberId;
    this.generationId = joined.generationId;
    const isLeader = joined.leaderId === joined.memberId;
    if (isLeader) await this.link.refresh();
    const { memberAssignment } = await this.coordinator.syncGroup({
      ...this.identity(),
      generationId: this.generationId,
      groupAssignment: isLeader ? assignPartitions(joined.members, partitionsOf) : [],
    });
    this.lastHeartbeatAt = performance.now();
    return decodeAssignment(memberAssignment);
  }

  /**
   * Sends heartbeats until the group changes.
   * @returns whether this member was thrown out, and not merely asked to join again.
   */
  async heartbeatUntilChange(signal: AbortSignal): Promise<boolean> {
    const intervalMs = Math.min(
      this.options.sessionTimeoutMs / HEARTBEATS_PER_SESSION,
      LONGEST_HEARTBEAT_INTERVAL_MS,
    );
    while (!signal.aborted) {
      await sleep(intervalMs, signal);
      if (signal.aborted) return false;
      try {
        await this.sendHeartbeat();
      } catch (error) {
        if (signal.aborted) return false;
        const type = errorType(error) ?? '';
        if (type === 'REBALANCE_IN_PROGRESS') return false;
        if (LOST.has(type)) return this.forget(error);
        await this.findCoordinator(error);
      }
    }
    return false;
  }

  /** @throws what kafkajs throws; `ILLEGAL_GENERATION` and its like when the group has gone on without us. */
  async commit(offsets: readonly OffsetCommit[]): Promise<void> {
    const coordinator = await this.requireCoordinator();
    const topics = byTopic(offsets).map(([topic, partitions]) => ({
      topic,
      partitions: partitions.map(({ partition, offset, metadata }) => ({
        partition,
        offset: String(offset),
        metadata: metadata ?? '',
      })),
    }));
    try {
      await coordinator.offsetCommit({ ...this.identity(), groupGenerationId: this.generationId, topics });
    } catch (error) {
      if (COORDINATOR_MOVED.has(errorType(error) ?? '')) this.coordinator = undefined;
      throw error;
    }
  }

  /** The group's commits for these partitions, where there are any. */
  async committed(partitions: readonly TopicPartition[]): Promise<OffsetCommit[]> {
    const coordinator = await this.requireCoordinator();
    const topics = byTopic(partitions).map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ partition }) => ({ partition })),
    }));
    const { responses } = await coordinator.offsetFetch({ groupId: this.options.groupId, topics });
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

  /** After an error that means that this member does not exist any more. @returns whether it is such an error. */
  forget(error: unknown): boolean {
    const type = errorType(error) ?? '';
    if (!LOST.has(type)) return false;
    if (type !== 'ILLEGAL_GENERATION') this.memberId = '';
    return true;
  }

  async leave(): Promise<void> {
    if (this.memberId === '' || this.coordinator === undefined) return;
    await this.coordinator.leaveGroup(this.identity());
    this.memberId = '';
  }

  private async sendHeartbeat(): Promise<void> {
    const coordinator = await this.requireCoordinator();
    const sentAt = performance.now();
    await coordinator.heartbeat({ ...this.identity(), groupGenerationId: this.generationId });
    this.lastHeartbeatAt = sentAt;
  }

  private async findCoordinator(error: unknown): Promise<void> {
    if (isConnectionFailure(error)) await this.link.recover(error, this.coordinator?.nodeId);
    this.coordinator = undefined;
  }

  private async requireCoordinator(): Promise<Broker> {
    this.coordinator ??= await this.link.cluster.findGroupCoordinator({ groupId: this.options.groupId });
    return this.coordinator;
  }

  private identity(): { readonly groupId: string; readonly memberId: string } {
    return { groupId: this.options.groupId, memberId: this.memberId };
  }
}

const byTopic = <T extends TopicPartition>(partitions: readonly T[]): [string, T[]][] => {
  const topics = new Map<string, T[]>();
  for (const partition of partitions) {
    const ofTopic = topics.get(partition.topic) ?? [];
    topics.set(partition.topic, ofTopic);
    ofTopic.push(partition);
  }
  return [...topics];
};
