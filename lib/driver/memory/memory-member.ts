import { randomUUID } from 'node:crypto';
import { clearTimeout, setTimeout } from 'node:timers';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type {
  AssignedPartition,
  ConnectOptions,
  GroupHandler,
  GroupMember,
  GroupOptions,
  GroupView,
  OffsetCommit,
} from '../driver.js';
import type { TopicPartition } from '../record.js';
import type { MemoryBroker, TopicChange } from './memory-broker.js';
import type { MemoryGroup, Participant } from './memory-group.js';
import { LogReader } from './log-reader.js';
import { PartitionMap } from './partition-map.js';

/** How long a rebalance waits for one member to finish and commit what it loses, at most. */
const REVOKE_LIMIT_MS = 2_000;

export interface MemoryMemberOptions {
  readonly broker: MemoryBroker;
  readonly connect: ConnectOptions;
  readonly group: GroupOptions;
  readonly handler: GroupHandler;
  readonly onClosed: () => void;
}

interface Holding extends AssignedPartition {
  readonly reader: LogReader;
  /** While it is about to move it is not read any more. */
  readonly move: { isUnderWay: boolean };
  readonly reading: { isPaused: boolean };
}

/** One member of a consumer group, with a reader for each partition that it was given. */
export class MemoryMember implements GroupMember, Participant {
  readonly topics: readonly string[];
  readonly memberId = `memory-${randomUUID()}`;
  readonly clientId: string;
  readonly memberData: Buffer;
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
  private isClosed = false;

  constructor({ broker, connect, group, handler, onClosed }: MemoryMemberOptions) {
    this.broker = broker;
    this.connect = connect;
    this.clientId = connect.clientId;
    this.groupId = group.groupId;
    this.topics = [...group.topics];
    this.memberData = group.memberData ?? Buffer.alloc(0);
    this.handler = handler;
    this.onClosed = onClosed;
    this.group = broker.group(group.groupId);
    this.joined = new Promise((resolve, reject) => (this.settleJoin = { resolve, reject }));
    this.group.add(this);
  }

  get assignment(): readonly TopicPartition[] {
    return this.holdings.values().map(placeOf);
  }

  get owned(): readonly TopicPartition[] {
    return this.assignment;
  }

  async commit(offsets: readonly OffsetCommit[]): Promise<void> {
    this.broker.ensureUp();
    this.group.commit(this, offsets);
  }

  pause(partitions?: readonly TopicPartition[]): void {
    if (partitions === undefined) this.isPaused = true;
    else this.setPaused(partitions, true);
  }

  resume(partitions?: readonly TopicPartition[]): void {
    if (partitions === undefined) this.isPaused = false;
    else this.setPaused(partitions, false);
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

  async prepare(share: readonly TopicPartition[]): Promise<void> {
    const isNew = this.settleJoin !== undefined;
    if (isNew || this.isClosed) return;
    this.connect.onEvent({ type: 'rebalancing', groupId: this.groupId });
    const moving = this.holdingsOutside(share).filter(({ move }) => !move.isUnderWay);
    if (moving.length === 0) return;
    for (const { move } of moving) move.isUnderWay = true;
    await this.letHandlerFinish(moving.map(placeOf));
  }

  release(share: readonly TopicPartition[]): void {
    const revoked = this.giveUp(this.holdingsOutside(share));
    if (revoked.length > 0) this.tell('onRevoked', () => this.handler.onRevoked(revoked));
  }

  adopt(share: readonly TopicPartition[], group: GroupView): void {
    this.retain();
    const gained = share.filter((at) => !this.holdings.has(at)).map((at) => this.hold(at));
    for (const holding of gained) this.holdings.set(holding, holding);
    const assigned = gained.map(({ reader: _, move: __, reading: ___, ...partition }) => partition);
    if (assigned.length > 0) this.tell('onAssigned', () => this.handler.onAssigned(assigned));
    this.tell('onGroup', () => this.handler.onGroup?.(group));
    this.readOn();
    if (this.settleJoin === undefined) this.connect.onEvent({ type: 'connected' });
    this.settleJoin?.resolve();
    this.settleJoin = undefined;
  }

  lose(): void {
    const lost = this.giveUp(this.holdings.values());
    if (lost.length > 0) this.tell('onLost', () => this.handler.onLost(lost));
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

  private setPaused(partitions: readonly TopicPartition[], isPaused: boolean): void {
    for (const partition of partitions) {
      const holding = this.holdings.get(partition);
      if (holding !== undefined) holding.reading.isPaused = isPaused;
    }
  }

  private holdingsOutside(share: readonly TopicPartition[]): Holding[] {
    const kept = new PartitionMap<true>();
    for (const partition of share) kept.set(partition, true);
    return this.holdings.values().filter((holding) => !kept.has(holding));
  }

  private giveUp(holdings: readonly Holding[]): TopicPartition[] {
    for (const holding of holdings) {
      holding.reader.close();
      this.holdings.delete(holding);
    }
    return holdings.map(placeOf);
  }

  private retain(): void {
    const retained = this.holdings.values().filter(({ move }) => move.isUnderWay);
    for (const { move } of retained) move.isUnderWay = false;
    if (retained.length > 0) this.tell('onRetained', () => this.handler.onRetained(retained.map(placeOf)));
  }

  private async letHandlerFinish(moving: readonly TopicPartition[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => (timer = setTimeout(resolve, REVOKE_LIMIT_MS).unref()));
    const finish = async (): Promise<void> => this.handler.onRevoking(moving, REVOKE_LIMIT_MS);
    const finished = finish().catch((error: unknown) => this.logFailure('onRevoking', error));
    await Promise.race([finished, tooLong]);
    clearTimeout(timer);
  }

  /** The reader's first delivery comes in a later turn, so the handler hears of the partition first. */
  private hold({ topic, partition }: TopicPartition): Holding {
    const log = this.broker.log({ topic, partition });
    const { offset, metadata = '' } = this.committed({ topic, partition }, log.startOffset);
    const move = { isUnderWay: false };
    const reading = { isPaused: false };
    const reader = new LogReader({
      log,
      from: offset,
      mayRead: () => this.broker.isUp && !this.isPaused && !reading.isPaused && !move.isUnderWay,
      onRecords: (records) => this.tell('onRecords', () => this.handler.onRecords(records)),
      onPositionLost: (from, to, reason) => {
        if (this.holdings.has({ topic, partition }))
          this.tell('onPositionReset', () => this.handler.onPositionReset?.({ topic, partition }, to));
        this.connect.onEvent({ type: 'position-lost', topic, partition, from, to, reason });
      },
    });
    return { topic, partition, position: reader.startOffset, metadata, reader, move, reading };
  }

  /** A partition without a commit gets one: there is always something to count from. */
  private committed(at: TopicPartition, start: bigint): OffsetCommit {
    const known = this.group.committed(at);
    if (known !== undefined) return known;
    const first = { topic: at.topic, partition: at.partition, offset: start };
    this.group.commit(this, [first]);
    return first;
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

const placeOf = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });
