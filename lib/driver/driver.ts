import type { RpcError } from '../errors/rpc-error.js';
import type { ConsumerRecord, ProducerRecord, TopicPartition } from './record.js';

/**
 * A Kafka cluster that can be connected to: all that wire, client and server know of Kafka.
 *
 * Not part of the port: batching, correlation, offset tracking, retries of calls, serialization.
 * Those stand above it and are the same for every driver. A driver object holds no connection of its own and may be shared
 * by any number of servers and clients; each opens a connection of its own.
 */
export interface KafkaDriver {
  /** Shown in logs and errors: `kafkajs`, `memory`. */
  readonly name: string;
  /**
   * Opens a connection.
   * @throws RpcError `UNAVAILABLE` with the addresses tried, after bounded retries; a later call tries afresh.
   */
  connect(options: ConnectOptions): Promise<DriverConnection>;
}

export interface ConnectOptions {
  /** The name that the broker shows for this connection in its logs and metrics. */
  readonly clientId: string;
  readonly log: DriverLog;
  /** Told of every change of state that an operator should see. Must not throw. */
  readonly onEvent: (event: DriverEvent) => void;
  /** Ends it: an attempt to connect fails at once with `UNAVAILABLE` and leaves nothing behind, an open connection is closed. */
  readonly signal?: AbortSignal;
}

/** Where a driver writes its own log lines. */
export interface DriverLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What happened to a connection, a reader or a group member. */
export type DriverEvent =
  /** Connected, connected again, or done with a rebalance. */
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly error?: Error }
  | { readonly type: 'rebalancing'; readonly groupId: string }
  /** Something that is needed is refused, and tried again until it is not: a right, a password. `connected` follows then. */
  | { readonly type: 'crashed'; readonly error: Error }
  /** The log is not what it was, and reading goes on at `to`: the start of what is new. */
  | {
      readonly type: 'position-lost';
      readonly topic: string;
      readonly partition: number;
      readonly from: bigint;
      readonly to: bigint;
      readonly reason: PositionLossReason;
    }
  /** A broker brings nothing for so long, as a quota of this connection is used up: what was read was too much (KIP-219). */
  | { readonly type: 'throttled'; readonly throttleMs: number }
  /** A topic that this connection uses has more partitions than before, or was made anew with others. */
  | {
      readonly type: 'partitions-changed';
      readonly topic: string;
      readonly from: number;
      readonly to: number;
    };

/** Why a position is not in the log any more: records were dropped, a leader had fewer, or the topic was made anew. */
export type PositionLossReason = 'retention' | 'truncated' | 'recreated';

/** An open connection. Every method fails with `UNAVAILABLE` once `close()` was called. */
export interface DriverConnection {
  /**
   * Creates the topics that are missing and checks those that exist. With `create`, one that is deleted while the connection
   * is open is created again within seconds, at a bounded rate.
   * @throws RpcError `FAILED_PRECONDITION` naming the topic, the setting, what it is and what it should be.
   */
  ensureTopics(topics: readonly TopicSpec[], options: { readonly create: boolean }): Promise<void>;
  /**
   * How many partitions the topic has, from metadata that is a minute old at most; `partitions-changed` tells of another
   * number later.
   * @param options.isFresh asks the broker now
   * @throws RpcError `FAILED_PRECONDITION` when the topic does not exist.
   */
  partitionCount(topic: string, options?: { readonly isFresh?: boolean }): Promise<number>;
  /** The broker that leads a partition, from metadata at hand; `undefined` when not known. Never does I/O. */
  leaderOf(partition: TopicPartition): number | undefined;
  /**
   * Appends a batch: records of one partition, whole, in this order and behind what was asked before, or not at all.
   *
   * What is asked in the same turn of the event loop leaves in as few requests as there are leaders, and each batch has an
   * outcome of its own, told as soon as it is known. One that the broker has not taken is tried again, with growing pauses,
   * until `timeoutMs` are over; it holds up its own partition and no other. With `acks` -1 a batch is appended once, whatever
   * answer is lost, where the driver can (KIP-98).
   * @throws RpcError when it is not known to be appended: `RESOURCE_EXHAUSTED`, not retryable, for a batch that the broker
   * finds too large, `PERMISSION_DENIED`, `INVALID_ARGUMENT` for no records or those of several partitions, and after
   * `timeoutMs` what the last attempt failed with, mostly `UNAVAILABLE`: it may then be appended all the same.
   */
  produce(records: readonly ProducerRecord[], options: ProduceOptions): Promise<ProduceAck>;
  /**
   * Reads one partition without a consumer group. Resolves once the start offset is known, so that nothing appended
   * after that is missed. Keeps its place through reconnects, leader changes and broker restarts.
   */
  readPartition(
    options: ReadOptions,
    onRecords: (records: readonly ConsumerRecord[]) => void,
  ): Promise<PartitionReader>;
  /** Joins a consumer group. Resolves when the first assignment (which may be empty) is known. */
  joinGroup(options: GroupOptions, handler: GroupHandler): Promise<GroupMember>;
  /** Closes readers, members and sockets. Idempotent, allowed in any state, prompt. */
  close(): Promise<void>;
}

/** -1: all in-sync replicas; 1: the leader alone. @see https://kafka.apache.org/documentation/#producerconfigs_acks */
export type Acks = -1 | 1;

export interface TopicSpec {
  readonly topic: string;
  /** Used when the topic is created; -1 leaves it to the broker's default. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Topic configuration used when the topic is created. */
  readonly config: Readonly<Record<string, string>>;
  /** Names in `config` whose value an existing topic must have too. */
  readonly required: readonly string[];
  /** Settings whose value an existing topic must not be below, each with what to do, as in "for maxRecordBytes=…: raise it". */
  readonly atLeast?: Readonly<Record<string, { readonly value: number; readonly why: string }>>;
}

export interface ProduceOptions {
  readonly acks: Acks;
  /** For how long it is tried, in milliseconds. @default 30000 */
  readonly timeoutMs?: number;
  /**
   * Told at most once: the batch is tried again, or waits behind one of its partition that is, and why. From then on it takes
   * nothing from the way of other partitions. Must not throw.
   */
  readonly onDelayed?: (reason: RpcError) => void;
  /**
   * Told before `produce` rejects because the broker finds this batch too large by itself. What is produced through `instead`
   * until the promise settles takes its place in the order of the partition. Must not wait for those outcomes.
   */
  readonly onTooLarge?: (instead: BatchPlace, error: RpcError) => Promise<void> | void;
}

/** A place in the order of a partition. */
export type BatchPlace = Pick<DriverConnection, 'produce'>;

export interface ProduceAck extends TopicPartition {
  /** The offset of the first record; -1 when the broker no longer knows it. */
  readonly baseOffset: bigint;
  /** The broker's append time in milliseconds since the epoch; -1 when the topic does not keep append time. */
  readonly appendTimeMs: number;
  /** How long the broker wants to hear nothing more from this client, in milliseconds: a quota is used up (KIP-219). */
  readonly throttleMs?: number;
}

/** How long a batch is tried when `timeoutMs` is left out. */
export const DEFAULT_PRODUCE_TIMEOUT_MS = 30_000;

export interface ReadOptions extends TopicPartition {
  readonly from: 'latest' | bigint;
}

export interface PartitionReader {
  readonly startOffset: bigint;
  /** After it resolves `onRecords` is not called again. Idempotent. */
  close(): Promise<void>;
}

export interface GroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** A member that the broker has not heard of for so long is taken to be dead, and its partitions go to others. */
  readonly sessionTimeoutMs: number;
  /** What this member says of itself to the others of the group: opaque to the driver, 4 KiB at most. @default nothing */
  readonly memberData?: Buffer;
}

/**
 * A partition that became ours, and where reading starts: the commit, or the start of the log when there is none, which the
 * driver then commits, so that there is always a commit to count from.
 */
export interface AssignedPartition extends TopicPartition {
  readonly position: bigint;
  /** The metadata of the commit; empty when there is none. */
  readonly metadata: string;
}

/** What is known of a group after a rebalance. */
export interface GroupView {
  /** How many members it has; undefined when the member that shared out the partitions did not say. */
  readonly members: number | undefined;
  /** How many partitions the topics of this member have. */
  readonly partitions: number;
  /** How many of them are this member's now. */
  readonly owned: number;
  /** What the members say of themselves: known to one member of the group, and undefined at the others. */
  readonly memberData: readonly Buffer[] | undefined;
}

/**
 * What a group member is told. `onRecords` hands off and returns: the driver never waits for the work.
 *
 * A rebalance is incremental: partitions that stay are read through it, and nothing is said of them. One that moves is told
 * in this order, each step by all its owners before the next:
 *
 *     old owner: onRevoking → onRevoked        new owner: onAssigned → onRecords
 *
 * In a group with members that know no other way all stand still instead: `onRevoking` of all partitions, then `onRetained`
 * of those that stay after all, and `onRevoked` of the others.
 */
export interface GroupHandler {
  /** Only partitions that were not ours before. Called before their first record. */
  onAssigned(partitions: readonly AssignedPartition[]): void;
  /**
   * These are about to move, and are not read any more: the last chance to finish what runs, and to commit it.
   * Awaited for `limitMs` at most, both together.
   */
  onRevoking(partitions: readonly TopicPartition[], limitMs: number): Promise<void> | void;
  /** Told of in `onRevoking`, they stay after all: reading goes on where it stood. */
  onRetained(partitions: readonly TopicPartition[]): void;
  /** Told of in `onRevoking`, they are no longer ours. Commits of them fail from now on. */
  onRevoked(partitions: readonly TopicPartition[]): void;
  /** The group went on without this member: somebody else may read these already. There is no last chance. */
  onLost(partitions: readonly TopicPartition[]): void;
  /**
   * The log of a partition of ours is not what it was: reading goes on at `position`, which may be below what was read.
   * Called before the first record from there; what was read before is of a log that is gone, and is not to be committed.
   */
  onPositionReset?(partition: TopicPartition, position: bigint): void;
  /** A rebalance is over: what changed was told before. */
  onGroup?(group: GroupView): void;
  onRecords(records: readonly ConsumerRecord[]): void;
}

export interface OffsetCommit extends TopicPartition {
  /** The next offset to read. */
  readonly offset: bigint;
  /** Given back to the next owner, `AssignedPartition.metadata`. A broker takes 4,096 characters, if nothing else is set there. */
  readonly metadata?: string;
}

export interface GroupMember {
  readonly assignment: readonly TopicPartition[];
  /**
   * @throws RpcError `ABORTED` when the group moved on and the commit was refused: the owner of the partition will
   * commit. `UNAVAILABLE` when the coordinator cannot be reached in time. `RESOURCE_EXHAUSTED` when the broker finds metadata too
   * long: offsets without may be committed all the same.
   */
  commit(offsets: readonly OffsetCommit[]): Promise<void>;
  /**
   * Stops reading; membership goes on. Records already fetched may still be delivered.
   * @param partitions these, until they are resumed or move; without, all, those too that come later, whatever is said of single ones
   */
  pause(partitions?: readonly TopicPartition[]): void;
  /** Reads on at once, where it stood. */
  resume(partitions?: readonly TopicPartition[]): void;
  /** Leaves the group, so that others take over at once. Idempotent. */
  close(): Promise<void>;
}
