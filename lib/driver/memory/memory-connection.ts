import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type {
  ConnectOptions,
  DriverConnection,
  GroupDescription,
  GroupHandler,
  GroupMember,
  GroupOptions,
  PartitionReader,
  ProduceAck,
  ProduceOptions,
  ReadOptions,
  TopicSpec,
} from '../driver.js';
import type { ConsumerRecord, ProducerRecord, TopicPartition } from '../record.js';
import { KeptTopics } from './kept-topics.js';
import { LogReader } from './log-reader.js';
import type { MemoryBroker, TopicChange } from './memory-broker.js';
import { MemoryMember } from './memory-member.js';
import type { PartitionLog } from './partition-log.js';
import { MemoryProducer } from './memory-producer.js';

/** The id of the only node there is. */
const NODE_ID = 0;

/** A connection to the broker in this process: owns its readers and members, and closes them with itself. */
export class MemoryConnection implements DriverConnection {
  private readonly broker: MemoryBroker;
  private readonly producer: MemoryProducer;
  private readonly options: ConnectOptions;
  private readonly readers = new Map<LogReader, TopicPartition>();
  private readonly members = new Set<MemoryMember>();
  private readonly kept: KeptTopics;
  private readonly unlisten: () => void;
  private isClosed = false;

  /** @throws RpcError `UNAVAILABLE` while the broker is stopped, or when the attempt was ended. */
  constructor(broker: MemoryBroker, options: ConnectOptions) {
    broker.ensureUp();
    if (options.signal?.aborted)
      throw new RpcError(RpcStatus.UNAVAILABLE, 'The attempt to connect was ended.');
    this.broker = broker;
    this.producer = new MemoryProducer(broker);
    this.options = options;
    this.kept = new KeptTopics(broker, options);
    this.unlisten = broker.listen({
      onUp: () => this.readOn(),
      onDown: (error) => options.onEvent({ type: 'disconnected', error }),
      onTopicDeleted: (topic) => this.kept.deleted(topic, this.reads(topic)),
      onTopicChanged: (change) => this.follow(change),
    });
    options.signal?.addEventListener('abort', () => void this.close());
    options.onEvent({ type: 'connected' });
  }

  async ensureTopics(topics: readonly TopicSpec[], { create }: { readonly create: boolean }): Promise<void> {
    this.ensureUsable();
    for (const spec of topics) {
      if (create && !this.broker.hasTopic(spec.topic)) {
        this.broker.createTopic(spec);
        this.options.log.info(`Created the topic "${spec.topic}".`);
      }
      this.broker.topic(spec.topic).check(spec);
      if (create) this.kept.keep(spec);
    }
  }

  async partitionCount(topic: string): Promise<number> {
    this.ensureUsable();
    return this.broker.topic(topic).logs.length;
  }

  leaderOf({ topic, partition }: TopicPartition): number | undefined {
    const isKnown = this.broker.hasTopic(topic) && partition in this.broker.topic(topic).logs;
    return isKnown ? NODE_ID : undefined;
  }

  async produce(records: readonly ProducerRecord[], options: ProduceOptions): Promise<ProduceAck> {
    this.ensureUsable();
    return this.producer.produce(records, options);
  }

  async readPartition(
    { topic, partition, from }: ReadOptions,
    onRecords: (records: readonly ConsumerRecord[]) => void,
  ): Promise<PartitionReader> {
    this.ensureUsable();
    const log = this.broker.log({ topic, partition });
    const reader = new LogReader({
      log,
      from: startOf(log, from),
      mayRead: () => this.broker.isUp,
      onRecords: (records) => this.handOver(records, onRecords),
      onPositionLost: (lost, to, reason) =>
        this.options.onEvent({ type: 'position-lost', topic, partition, from: lost, to, reason }),
    });
    this.readers.set(reader, { topic, partition });
    return { startOffset: reader.startOffset, close: async () => this.closeReader(reader) };
  }

  async joinGroup(group: GroupOptions, handler: GroupHandler): Promise<GroupMember> {
    this.ensureUsable();
    const { broker, options } = this;
    for (const topic of group.topics) broker.topic(topic);
    const member: MemoryMember = new MemoryMember({
      broker,
      connect: options,
      group,
      handler,
      onClosed: () => this.members.delete(member),
    });
    this.members.add(member);
    await member.joined;
    return member;
  }

  async describeGroup(groupId: string): Promise<GroupDescription> {
    this.ensureUsable();
    return this.broker.group(groupId).describe();
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.unlisten();
    this.kept.close();
    for (const reader of this.readers.keys()) this.closeReader(reader);
    for (const member of [...this.members]) await member.close();
    this.options.onEvent({ type: 'disconnected' });
  }

  private ensureUsable(): void {
    if (this.isClosed)
      throw new RpcError(RpcStatus.UNAVAILABLE, 'This connection to the memory broker is closed.');
    this.broker.ensureUp();
  }

  /** The reader goes on when its owner throws: an exception here would end the process. */
  private handOver(
    records: readonly ConsumerRecord[],
    onRecords: (records: readonly ConsumerRecord[]) => void,
  ): void {
    try {
      onRecords(records);
    } catch (error) {
      this.options.log.error(`onRecords of a partition reader failed: ${String(error)}`);
    }
  }

  private closeReader(reader: LogReader): void {
    reader.close();
    this.readers.delete(reader);
  }

  private reads(topic: string): boolean {
    for (const at of this.readers.values()) if (at.topic === topic) return true;
    for (const { topics } of this.members) if (topics.includes(topic)) return true;
    return false;
  }

  /** Everybody who reads the topic goes on in the logs that it has now. */
  private follow(change: TopicChange): void {
    for (const [reader, at] of this.readers) {
      if (at.topic === change.topic && at.partition < change.to) reader.follow(this.broker.log(at));
    }
    for (const member of this.members) member.follow(change);
    this.kept.made(change.topic);
    if (change.from !== change.to) this.options.onEvent({ type: 'partitions-changed', ...change });
  }

  private readOn(): void {
    this.options.onEvent({ type: 'connected' });
    for (const reader of this.readers.keys()) reader.wake();
    for (const member of this.members) member.readOn();
  }
}

const startOf = (log: PartitionLog, from: ReadOptions['from']): bigint => {
  if (from === 'earliest') return log.startOffset;
  return from === 'latest' ? log.endOffset : from;
};
