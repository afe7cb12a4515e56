import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type {
  AssignedPartition,
  ConnectOptions,
  GroupHandler,
  GroupMember,
  GroupOptions,
  OffsetCommit,
} from '../driver.js';
import type { ConsumerRecord, TopicPartition } from '../record.js';
import { backoffMs, sleep, within } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import { connectionClosed } from './cluster-link.js';
import { startingPositions } from './starting-positions.js';
import type { Fetcher } from './fetcher.js';
import { GroupSession } from './group-session.js';
import { errorType, isRetriable, toRpcError } from './kafkajs-errors.js';
import { PartitionCursor, type Reader } from './partition-cursor.js';

/** How long a rebalance waits for the handler to finish and commit. */
const REVOKE_LIMIT_MS = 2_000;
const LEAVE_MS = 1_000;

export interface MemberLinks {
  readonly fetcher: Fetcher;
  /** The cluster that is read from. */
  readonly link: ClusterLink;
  /** Connections for group requests alone: a join is answered only when all members have joined, and the broker answers
   * the requests of a connection one after the other. */
  readonly groupLink: ClusterLink;
}

/**
 * A member of a consumer group: joins, sends heartbeats on a timer, joins again when the group changes, and reads what is
 * its own through the connection's fetcher, so that membership costs a call no round trip.
 *
 *     join → read ⇄ heartbeat → rebalancing: stop reading, last commit → join …
 */
export class KafkajsGroupMember implements GroupMember, Reader {
  private readonly session: GroupSession;
  private readonly cursors = new Map<string, PartitionCursor>();
  private readonly closing = new AbortController();
  private isPaused = false;
  private isRebalancing = false;
  private life: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: GroupOptions & { readonly retries: number },
    private readonly handler: GroupHandler,
    private readonly links: MemberLinks,
    private readonly connectOptions: Pick<ConnectOptions, 'log' | 'onEvent'>,
  ) {
    this.session = new GroupSession(options, links.groupLink);
  }

  get assignment(): readonly TopicPartition[] {
    return [...this.cursors.values()].map(({ topicPartition }) => topicPartition);
  }

  /** Joins for the first time. @throws what kafkajs throws, after bounded retries. */
  async join(): Promise<void> {
    await this.links.groupLink.connect();
    await this.links.groupLink.addTopics(this.options.topics);
    for (let attempt = 0; ; attempt++) {
      try {
        await this.rejoin();
        break;
      } catch (error) {
        if (attempt >= this.options.retries || !isWorthRepeating(error) || this.closing.signal.aborted)
          throw error;
        await this.afterFailure(error, attempt);
      }
    }
    this.life = this.live();
  }

  async commit(offsets: readonly OffsetCommit[]): Promise<void> {
    if (this.closing.signal.aborted) throw connectionClosed();
    const foreign = offsets.find((offset) => !this.cursors.has(nameOf(offset)));
    if (foreign !== undefined) throw notOurs(foreign, this.options.groupId);
    try {
      await this.session.commit(offsets);
    } catch (error) {
      throw toRpcError(error, `commit for group ${this.options.groupId}`);
    }
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.links.fetcher.nudge();
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return this.life;
    this.closing.abort();
    for (const cursor of this.cursors.values()) this.links.fetcher.remove(cursor);
    this.cursors.clear();
    await within(this.session.leave(), LEAVE_MS);
    await this.links.groupLink.close();
    await this.life;
  }

  onRecords(records: readonly ConsumerRecord[]): void {
    this.handler.onRecords(records);
  }

  onPositionReset(partition: TopicPartition, position: bigint): void {
    this.handler.onPositionReset?.(partition, position);
  }

  isReading(): boolean {
    return !this.isPaused && !this.isRebalancing && this.session.isAlive();
  }

  /** A process that was stopped for longer than its session may find its partitions in other hands. */
  isOwner(): boolean {
    return !this.isRebalancing && this.session.isAlive();
  }

  /** From the first join to the end. */
  private async live(): Promise<void> {
    const { signal } = this.closing;
    for (let attempt = 0; !signal.aborted;) {
      try {
        const lost = await this.session.heartbeatUntilChange(signal);
        if (signal.aborted) return;
        await this.beginRebalance(lost);
        await this.rejoin();
        attempt = 0;
      } catch (error) {
        if (signal.aborted) return;
        await this.afterFailure(error, attempt++);
      }
    }
  }

  /** @param isLost whether the group has gone on without us: what we had is somebody else's already. */
  private async beginRebalance(isLost: boolean): Promise<void> {
    if (!this.isRebalancing) {
      this.isRebalancing = true;
      this.connectOptions.onEvent({ type: 'rebalancing', groupId: this.options.groupId });
    }
    if (isLost) this.lose();
    else if (this.cursors.size > 0)
      await within(
        Promise.resolve(this.handler.onRevoking(this.assignment, REVOKE_LIMIT_MS)),
        REVOKE_LIMIT_MS,
      );
  }

  private async rejoin(): Promise<void> {
    const assigned = await this.session.join(this.assignment, (topic) =>
      this.links.groupLink.partitionsOf(topic),
    );
    if (this.closing.signal.aborted) return;
    const names = new Set(assigned.map(nameOf));
    const gained = assigned.filter((partition) => !this.cursors.has(nameOf(partition)));
    this.revoke(
      [...this.cursors.values()].filter(({ topicPartition }) => !names.has(nameOf(topicPartition))),
    );
    const retained = this.assignment;
    if (gained.length > 0) await this.assign(gained);
    const wasRebalancing = this.isRebalancing;
    this.isRebalancing = false;
    this.links.fetcher.nudge();
    if (!wasRebalancing) return;
    if (retained.length > 0) this.handler.onRetained(retained);
    this.connectOptions.onEvent({ type: 'connected' });
  }

  private async assign(gained: readonly TopicPartition[]): Promise<void> {
    const positions: readonly AssignedPartition[] = await startingPositions(
      gained,
      this.session,
      this.links.link,
    );
    if (this.closing.signal.aborted) return;
    this.handler.onAssigned(positions);
    for (const { topic, partition, position } of positions) {
      const cursor = new PartitionCursor({ topic, partition }, position, this);
      this.cursors.set(nameOf(cursor.topicPartition), cursor);
      this.links.fetcher.add(cursor);
    }
  }

  private revoke(lost: readonly PartitionCursor[]): void {
    if (lost.length === 0) return;
    this.handler.onRevoked(this.stopReading(lost));
  }

  private lose(): void {
    if (this.cursors.size === 0) return;
    this.handler.onLost(this.stopReading([...this.cursors.values()]));
  }

  private stopReading(cursors: readonly PartitionCursor[]): TopicPartition[] {
    for (const cursor of cursors) {
      this.links.fetcher.remove(cursor);
      this.cursors.delete(nameOf(cursor.topicPartition));
    }
    return cursors.map(({ topicPartition }) => topicPartition);
  }

  private async afterFailure(error: unknown, attempt: number): Promise<void> {
    if (this.session.forget(error)) this.lose();
    this.connectOptions.log.debug(`Group ${this.options.groupId}: ${(error as Error).message}, trying again`);
    if (errorType(error) === 'REBALANCE_IN_PROGRESS') return;
    await sleep(backoffMs(attempt), this.closing.signal);
    await this.links.groupLink.recover(error);
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

const GROUP_RETRIABLE = new Set([
  'REBALANCE_IN_PROGRESS',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_LOAD_IN_PROGRESS',
]);

const isWorthRepeating = (error: unknown): boolean =>
  isRetriable(error) ||
  GROUP_RETRIABLE.has(errorType(error) ?? '') ||
  (error as Error).name === 'KafkaJSGroupCoordinatorNotFound';

const notOurs = ({ topic, partition }: TopicPartition, groupId: string): RpcError =>
  new RpcError(
    RpcStatus.ABORTED,
    `${topic}[${partition}] is no longer this member's in group ${groupId}: its owner commits.`,
  );
