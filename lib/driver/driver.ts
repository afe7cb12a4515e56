import type { RpcError } from '../errors/rpc-error.js';
import type { ConsumerRecord, ProducerRecord, TopicPartition } from './record.js';

/**
 * The port to a Kafka cluster. Wire, client and server know nothing else of Kafka.
 *
 * Batching, correlation, offset tracking, retries of calls and serialization are above the port, and are the same for every
 * driver. A driver object holds no connection. Any number of servers and clients may share it, and each opens its own
 * connection.
 */
export interface KafkaDriver {
  /** Shown in logs and errors: `kafkajs`, `memory`. */
  readonly name: string;
  /**
   * Opens a connection.
   * @throws RpcError `UNAVAILABLE` with the addresses, after a limited number of tries. You may call it again.
   */
  connect(options: ConnectOptions): Promise<DriverConnection>;
}

export interface ConnectOptions {
  /** The name that the broker shows for this connection in its logs and metrics. */
  readonly clientId: string;
  readonly log: DriverLog;
  /** Called for every change of state that matters to an operator. Must not throw. */
  readonly onEvent: (event: DriverEvent) => void;
  /** Aborting fails a pending `connect()` at once with `UNAVAILABLE` and frees its resources, or closes the open connection. */
  readonly signal?: AbortSignal;
}

/** The log of a driver. */
export interface DriverLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** An event of a connection, a reader or a group member. */
export type DriverEvent =
  /** The connection is up or up again, or a rebalance has ended. */
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly error?: Error }
  | { readonly type: 'rebalancing'; readonly groupId: string }
  /** The broker refuses a needed right or login. The driver retries, and raises `connected` when it succeeds. */
  | { readonly type: 'crashed'; readonly error: Error }
  /** The log has changed. Reading continues at offset `to`, where the new records start. */
  | {
      readonly type: 'position-lost';
      readonly topic: string;
      readonly partition: number;
      readonly from: bigint;
      readonly to: bigint;
      readonly reason: PositionLossReason;
    }
  /** A read quota is used up: the broker sends nothing for `throttleMs` milliseconds (KIP-219). */
  | { readonly type: 'throttled'; readonly throttleMs: number }
  /** A topic of this connection has more partitions than before, or was recreated with another number. */
  | {
      readonly type: 'partitions-changed';
      readonly topic: string;
      readonly from: number;
      readonly to: number;
    };

/** Why a position is gone: retention removed the records, a new leader had fewer, or the topic was recreated. */
export type PositionLossReason = 'retention' | 'truncated' | 'recreated';

/** An open connection. After `close()`, every method fails with `UNAVAILABLE`. */
export interface DriverConnection {
  /**
   * Creates missing topics (with `create`) and checks existing ones. With `create`, the driver also creates a topic again within
   * seconds that is deleted while the connection is open, at a limited rate.
   * @throws RpcError `FAILED_PRECONDITION` with the topic, the setting, its value and the required value.
   */
  ensureTopics(topics: readonly TopicSpec[], options: { readonly create: boolean }): Promise<void>;
  /**
   * The number of partitions of the topic, from metadata of at most a minute. The event `partitions-changed` reports later
   * changes.
   * @param options.isFresh asks the broker now
   * @throws RpcError `FAILED_PRECONDITION` when the topic does not exist.
   */
  partitionCount(topic: string, options?: { readonly isFresh?: boolean }): Promise<number>;
  /** The id of the broker that leads a partition, or `undefined` if unknown. Reads cached metadata, without I/O. */
  leaderOf(partition: TopicPartition): number | undefined;
  /**
   * Appends a batch: records of one partition. The driver appends the whole batch or nothing, in this order, and behind earlier
   * batches of the partition.
   *
   * Batches of the same turn of the event loop leave in one request per leader. Each batch has its own outcome, and the promise
   * settles as soon as the outcome is known. The driver retries a failed batch with growing pauses, up to `timeoutMs`. A
   * retry delays only its own partition. With `acks` -1, a batch is appended once, even if answers are lost, where the driver can
   * (KIP-98).
   * @throws RpcError if the append is not confirmed: `RESOURCE_EXHAUSTED`, not retryable, for a batch that is too large for the
   * broker, `PERMISSION_DENIED`, `INVALID_ARGUMENT` for no records or records of several partitions. After `timeoutMs` it throws
   * the error of the last try, mostly `UNAVAILABLE`. The batch may have been appended then.
   */
  produce(records: readonly ProducerRecord[], options: ProduceOptions): Promise<ProduceAck>;
  /**
   * Reads one partition without a consumer group. Resolves when the start offset is known. It delivers every record appended after
   * that. It keeps its position through reconnects, leader changes and broker restarts.
   */
  readPartition(
    options: ReadOptions,
    onRecords: (records: readonly ConsumerRecord[]) => void,
  ): Promise<PartitionReader>;
  /** Joins a consumer group. Resolves at the first assignment, which may be empty. */
  joinGroup(options: GroupOptions, handler: GroupHandler): Promise<GroupMember>;
  /**
   * Asks the coordinator who is in a group. A group that nobody ever joined has no members. Needs the right Describe on the group.
   * Without the method, clients know of no server but by its answers. Costs one or two requests.
   * @throws RpcError `PERMISSION_DENIED` without the right; `UNAVAILABLE` when no coordinator answers.
   */
  describeGroup?(groupId: string): Promise<GroupDescription>;
  /** Closes readers, members and sockets, promptly. You may call it in any state and repeatedly. */
  close(): Promise<void>;
}

/** Who is in a group. */
export interface GroupDescription {
  /** Those whose session is not over: a member that was killed is among them until then. */
  readonly members: readonly DescribedMember[];
  /** False while the group rebalances: nothing but the names of its members is known then. */
  readonly isSettled: boolean;
}

export interface DescribedMember {
  /** As the coordinator names it. */
  readonly memberId: string;
  readonly clientId: string;
  /** Its own `GroupOptions.memberData`; empty if it has none, or while the group rebalances. */
  readonly memberData: Buffer;
  /** What it owns. */
  readonly partitions: readonly TopicPartition[];
}

/** -1: all in-sync replicas. 1: the leader only. @see https://kafka.apache.org/documentation/#producerconfigs_acks */
export type Acks = -1 | 1;

export interface TopicSpec {
  readonly topic: string;
  /** For a new topic. -1: the broker's default. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** The topic configuration of a new topic. */
  readonly config: Readonly<Record<string, string>>;
  /** Names in `config` whose values an existing topic must have too. */
  readonly required: readonly string[];
  /** Minimum values of settings of an existing topic. `why` is the advice in the error, as in "for maxRecordBytes=…: raise it". */
  readonly atLeast?: Readonly<Record<string, { readonly value: number; readonly why: string }>>;
}

export interface ProduceOptions {
  readonly acks: Acks;
  /** Time limit for all tries, in milliseconds. @default 30000 */
  readonly timeoutMs?: number;
  /**
   * Called at most once, with the reason, when the driver retries the batch, or when the batch waits behind a retry of its
   * partition. From then on the batch delays no other partition. Must not throw.
   */
  readonly onDelayed?: (reason: RpcError) => void;
  /**
   * Called before `produce` rejects because this batch alone is too large for the broker. Batches that you produce through `instead`
   * before the returned promise settles take its place in the order of the partition. Do not wait for their outcomes.
   */
  readonly onTooLarge?: (instead: BatchPlace, error: RpcError) => Promise<void> | void;
}

/** A place in the order of a partition. */
export type BatchPlace = Pick<DriverConnection, 'produce'>;

export interface ProduceAck extends TopicPartition {
  /** The offset of the first record, or -1 when the broker has forgotten it. */
  readonly baseOffset: bigint;
  /** The broker's append time in milliseconds since the epoch, or -1 if the topic does not use append time. */
  readonly appendTimeMs: number;
  /** A quota is used up: the time for which the client must not send to the broker, in milliseconds (KIP-219). */
  readonly throttleMs?: number;
}

/** The default of `timeoutMs`, in milliseconds. */
export const DEFAULT_PRODUCE_TIMEOUT_MS = 30_000;

export interface ReadOptions extends TopicPartition {
  /** `earliest` and `latest`: the start and the end of the log, as it is now. */
  readonly from: 'earliest' | 'latest' | bigint;
}

export interface PartitionReader {
  readonly startOffset: bigint;
  /** Stops reading. After it resolves, the driver calls `onRecords` no more. Idempotent. */
  close(): Promise<void>;
}

export interface GroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** After this time without a heartbeat, in milliseconds, the broker gives the partitions of a member to others. */
  readonly sessionTimeoutMs: number;
  /** Data of this member for the others of the group, at most 4 KiB. The driver does not read it. @default nothing */
  readonly memberData?: Buffer;
}

/**
 * A new partition of this member, and its first position. The position is the commit. Without a commit it is the start of the log,
 * and the driver commits that, so that every partition has a commit.
 */
export interface AssignedPartition extends TopicPartition {
  readonly position: bigint;
  /** The metadata of the commit, or an empty string. */
  readonly metadata: string;
}

/** The state of a group after a rebalance. */
export interface GroupView {
  /** The number of members, or undefined if the group leader did not publish it. */
  readonly members: number | undefined;
  /** The number of partitions of this member's topics. */
  readonly partitions: number;
  /** The number of these partitions that this member owns. */
  readonly owned: number;
  /** The `memberData` of all members. Only one member of the group has it. It is undefined at the others. */
  readonly memberData: readonly Buffer[] | undefined;
}

/**
 * The callbacks of a group member. `onRecords` must hand the records over and return: the driver does not wait for the work.
 *
 * A rebalance is incremental. The driver keeps reading partitions that stay, without a callback. For a partition that moves, the
 * callbacks come in this order, each step at all its owners before the next:
 *
 *     old owner: onRevoking → onRevoked        new owner: onAssigned → onRecords
 *
 * In a group with older members, all members stop instead. They get `onRevoking` for all partitions, then `onRetained` for those
 * that stay and `onRevoked` for the others.
 */
export interface GroupHandler {
  /** New partitions of this member. Called before their first record. */
  onAssigned(partitions: readonly AssignedPartition[]): void;
  /**
   * These partitions are about to move, and are not read any more. This is the last chance to finish running work and to commit.
   * The driver waits at most `limitMs` milliseconds for both together.
   */
  onRevoking(partitions: readonly TopicPartition[], limitMs: number): Promise<void> | void;
  /** Partitions of an `onRevoking` that stay. Reading continues at the same position. */
  onRetained(partitions: readonly TopicPartition[]): void;
  /** Partitions of an `onRevoking` that are gone. Their commits fail from now on. */
  onRevoked(partitions: readonly TopicPartition[]): void;
  /** The group continued without this member. Other members may already read these partitions. Commits are too late. */
  onLost(partitions: readonly TopicPartition[]): void;
  /**
   * The log of an owned partition has changed. Reading continues at `position`, which may be below earlier offsets. Called before
   * the first record from there. Earlier records belong to a log that is gone, and must not be committed.
   */
  onPositionReset?(partition: TopicPartition, position: bigint): void;
  /** A rebalance has ended. Called after the callbacks for its changes. */
  onGroup?(group: GroupView): void;
  onRecords(records: readonly ConsumerRecord[]): void;
}

export interface OffsetCommit extends TopicPartition {
  /** The next offset to read. */
  readonly offset: bigint;
  /** The next owner gets it as `AssignedPartition.metadata`. A broker accepts 4,096 characters by default. */
  readonly metadata?: string;
}

export interface GroupMember {
  readonly assignment: readonly TopicPartition[];
  /**
   * Commits offsets in the group.
   * @throws RpcError `ABORTED` when the group has moved on: the new owner of the partition will commit. `UNAVAILABLE` when the
   * coordinator does not answer in time. `RESOURCE_EXHAUSTED` when metadata is too long for the broker. Offsets without metadata may
   * be committed then.
   */
  commit(offsets: readonly OffsetCommit[]): Promise<void>;
  /**
   * Stops reading and stays a member. Records that were already fetched may still arrive.
   * @param partitions pauses these, until they are resumed or move. Without it, pauses all partitions, later ones included,
   * independent of the state of single partitions
   */
  pause(partitions?: readonly TopicPartition[]): void;
  /** Continues reading at once, at the same position. */
  resume(partitions?: readonly TopicPartition[]): void;
  /** Leaves the group, so that others take its partitions at once. Idempotent. */
  close(): Promise<void>;
}
