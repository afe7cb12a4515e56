import { clearTimeout, setTimeout } from 'node:timers';
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
import type { TopicPartition } from '../record.js';
import type { MemoryBroker, TopicChange } from './memory-broker.js';
import type { MemoryGroup, Participant } from './memory-group.js';
import { LogReader } from './log-reader.js';
import { PartitionMap } from './partition-map.js';

/** How long a rebalance waits for the last commits of one member, at most. */
const MAX_PREPARE_MS = 1_000;

export interface MemoryMemberOptions {
  readonly broker: MemoryBroker;
  readonly connect: ConnectOptions;
  readonly group: GroupOptions;
  readonly handler: GroupHandler;
  readonly onClosed: () => void;
}

interface Holding extends AssignedPartition {
  readonly reader: LogReader;
}

/** One member of a consumer group, with a reader for each partition that it was given. */
export class MemoryMember implements GroupMember, Participant {
  readonly topics: readonly string[];
  /** Settles with the first share; fails when the member is closed before. */
  readonly joined: Promise<void>;
  private readonly broker: MemoryBroker;
  private readonly connect: ConnectOptions;
  private readonly groupId: string;
  private readonly group: MemoryGroup;
  private readonly handler: GroupHandler;
  private readonly onClosed: () => void;
  private readonly holdings = new PartitionMap<Holding>();
  private settleJoin: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private isPaused = false;
  private isStandingStill = false;
  private isClosed = false;

  constructor({ broker, connect, group, handler, onClosed }: MemoryMemberOptions) {
    this.broker = broker;
    this.connect = connect;
    this.groupId = group.groupId;
    this.topics = [...group.topics];
    this.handler = handler;
    this.onClosed = onClosed;
    this.group = broker.group(group.groupId);
    this.joined = new Promise((resolve, reject) => (this.settleJoin = { resolve, reject }));
    this.group.add(this);
  }

  get assignment(): readonly TopicPartition[] {
    return this.holdings.values().map(({ topic, partition }) => ({ topic, partition }));
  }

  async commit(offsets: readonly OffsetCommit[]): Promise<void> {
    this.broker.ensureUp();
    this.group.commit(this, offsets);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.readOn();
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const { reader } of this.holdings.values()) reader.close();
    this.settleJoin?.reject(
      new RpcError(RpcStatus.UNAVAILABLE, `Closed while joining the group "${this.groupId}".`),
    );
    this.group.remove(this);
    this.onClosed();
  }

  async prepare(): Promise<void> {
    const isNew = this.settleJoin !== undefined;
    if (isNew || this.isClosed) return;
    this.isStandingStill = true;
    this.connect.onEvent({ type: 'rebalancing', groupId: this.groupId });
    await this.letHandlerCommit();
  }

  release(share: readonly TopicPartition[]): void {
    const kept = new PartitionMap<true>();
    for (const partition of share) kept.set(partition, true);
    const lost = this.holdings.values().filter((holding) => !kept.has(holding));
    for (const holding of lost) {
      holding.reader.close();
      this.holdings.delete(holding);
    }
    if (lost.length === 0) return;
    const revoked = lost.map(({ topic, partition }) => ({ topic, partition }));
    this.tell('onRevoked', () => this.handler.onRevoked(revoked));
  }

  adopt(share: readonly TopicPartition[]): void {
    const gained = share.filter((at) => !this.holdings.has(at)).map((at) => this.hold(at));
    for (const holding of gained) this.holdings.set(holding, holding);
    const assigned = gained.map(({ reader: _, ...partition }) => partition);
    if (assigned.length > 0) this.tell('onAssigned', () => this.handler.onAssigned(assigned));
    const isRebalanced = this.isStandingStill;
    this.isStandingStill = false;
    if (isRebalanced) this.tellRebalanced();
    this.readOn();
    this.settleJoin?.resolve();
    this.settleJoin = undefined;
  }

  /** What is held of a topic that was made anew is read from its start. */
  follow({ topic, to }: TopicChange): void {
    for (const holding of this.holdings.values()) {
      if (holding.topic === topic && holding.partition < to) holding.reader.follow(this.broker.log(holding));
    }
  }

  /** Looks for records where reading stood still. Also for the connection, when the broker is up again. */
  readOn(): void {
    for (const { reader } of this.holdings.values()) reader.wake();
  }

  private tellRebalanced(): void {
    this.tell('onRebalanced', () => this.handler.onRebalanced?.());
    this.connect.onEvent({ type: 'connected' });
  }

  private async letHandlerCommit(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => (timer = setTimeout(resolve, MAX_PREPARE_MS).unref()));
    const commit = async (): Promise<void> => this.handler.onRebalancing();
    const committed = commit().catch((error: unknown) => this.logFailure('onRebalancing', error));
    await Promise.race([committed, tooLong]);
    clearTimeout(timer);
  }

  /** The reader's first delivery comes in a later turn, so the handler hears of the partition first. */
  private hold({ topic, partition }: TopicPartition): Holding {
    const log = this.broker.log({ topic, partition });
    const { offset = log.startOffset, metadata = '' } = this.group.committed({ topic, partition }) ?? {};
    const reader = new LogReader({
      log,
      from: offset,
      mayRead: () => this.broker.isUp && !this.isPaused && !this.isStandingStill,
      onRecords: (records) => this.tell('onRecords', () => this.handler.onRecords(records)),
      onPositionLost: (from, to, reason) => {
        if (this.holdings.has({ topic, partition }))
          this.tell('onPositionReset', () => this.handler.onPositionReset?.({ topic, partition }, to));
        this.connect.onEvent({ type: 'position-lost', topic, partition, from, to, reason });
      },
    });
    return { topic, partition, position: reader.startOffset, metadata, reader };
  }

  /** A handler that throws must not take the group's other members down with it. */
  private tell(name: keyof GroupHandler, call: () => void): void {
    if (this.isClosed) return;
    try {
      call();
    } catch (error) {
      this.logFailure(name, error);
    }
  }

  private logFailure(name: keyof GroupHandler, error: unknown): void {
    this.connect.log.error(`${name} of a member of the group "${this.groupId}" failed: ${String(error)}`);
  }
}
