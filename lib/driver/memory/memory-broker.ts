import { clearTimeout, setTimeout } from 'node:timers';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { ProduceAck, TopicSpec } from '../driver.js';
import type { ProducerRecord, TopicPartition } from '../record.js';
import { MemoryGroup } from './memory-group.js';
import { MemoryTopic, type MemoryTopicLimits } from './memory-topic.js';
import type { PartitionLog } from './partition-log.js';
import type { ProducePlay } from './produce-play.js';

const STOPPED = 'The in-memory broker (memory) is stopped: start it and try again.';

export interface MemoryBrokerOptions extends MemoryTopicLimits {
  readonly now: () => number;
}

/** A connection as the broker sees it. */
export interface BrokerListener {
  onUp(): void;
  onDown(error: Error): void;
  onTopicDeleted(topic: string): void;
  /** The topic was made anew, or has more partitions. */
  onTopicChanged(change: TopicChange): void;
}

/** How many partitions a topic had and has. */
export interface TopicChange {
  readonly topic: string;
  readonly from: number;
  readonly to: number;
}

/** What a Kafka cluster holds: topics, groups, and whether it answers. Stopping it loses nothing of them. */
export class MemoryBroker {
  private readonly options: MemoryBrokerOptions;
  private readonly topics = new Map<string, MemoryTopic>();
  private readonly groups = new Map<string, MemoryGroup>();
  private readonly listeners = new Set<BrokerListener>();
  /** How many partitions a deleted topic had. */
  private readonly deleted = new Map<string, number>();
  /** Who waits for a deleted topic to be made anew. */
  private readonly waiters = new Map<string, Set<() => void>>();
  private up = true;
  /** Decides what becomes of each batch, where a test wants something else than the usual. */
  play: ProducePlay = () => undefined;

  constructor(options: MemoryBrokerOptions) {
    this.options = options;
  }

  get isUp(): boolean {
    return this.up;
  }

  /** @throws RpcError `UNAVAILABLE` while the broker is stopped. */
  ensureUp(): void {
    if (!this.up) throw new RpcError(RpcStatus.UNAVAILABLE, STOPPED);
  }

  stop(): void {
    if (!this.up) return;
    this.up = false;
    for (const listener of this.listeners) listener.onDown(new RpcError(RpcStatus.UNAVAILABLE, STOPPED));
  }

  start(): void {
    if (this.up) return;
    this.up = true;
    for (const listener of this.listeners) listener.onUp();
    for (const group of this.groups.values()) group.catchUp();
  }

  /** Has `listener` told of stop and start, until the function returned is called. */
  listen(listener: BrokerListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  hasTopic(topic: string): boolean {
    return this.topics.has(topic);
  }

  /** Whether the topic was there once, and is not now. */
  wasDeleted(topic: string): boolean {
    return this.deleted.has(topic);
  }

  /** Resolves when a deleted topic is there again, or after `limitMs`. */
  whenMade(topic: string, limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.waiters.get(topic) ?? new Set();
      this.waiters.set(topic, waiters);
      const done = (): void => {
        clearTimeout(timer);
        waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, limitMs).unref();
      waiters.add(done);
    });
  }

  createTopic(spec: TopicSpec): void {
    const topic = new MemoryTopic(spec, this.options);
    this.topics.set(spec.topic, topic);
    const from = this.deleted.get(spec.topic);
    if (from === undefined) return;
    this.deleted.delete(spec.topic);
    this.changed({ topic: spec.topic, from, to: topic.logs.length });
    for (const made of this.waiters.get(spec.topic) ?? []) made();
    this.waiters.delete(spec.topic);
  }

  /** Deletes a topic with all that is in it, and what groups committed of it. */
  deleteTopic(topic: string): void {
    this.deleted.set(topic, this.topic(topic).logs.length);
    this.topics.delete(topic);
    for (const group of this.groups.values()) group.forgetCommits(topic);
    for (const listener of this.listeners) listener.onTopicDeleted(topic);
  }

  addPartitions(topic: string, partitions: number): void {
    const from = this.topic(topic).logs.length;
    this.topic(topic).addPartitions(partitions);
    this.changed({ topic, from, to: partitions });
  }

  /** @throws RpcError `FAILED_PRECONDITION` when it does not exist. */
  topic(topic: string): MemoryTopic {
    const found = this.topics.get(topic);
    if (found !== undefined) return found;
    throw new RpcError(RpcStatus.FAILED_PRECONDITION, `Topic "${topic}" does not exist: create it first.`);
  }

  log({ topic, partition }: TopicPartition): PartitionLog {
    return this.topic(topic).log(partition);
  }

  partitionsOf(topics: readonly string[]): readonly TopicPartition[] {
    return topics.flatMap((topic) => this.topics.get(topic)?.logs ?? []);
  }

  /** The group of that id; an id that is new makes an empty one, as with Kafka. */
  group(groupId: string): MemoryGroup {
    const found = this.groups.get(groupId) ?? new MemoryGroup(this);
    this.groups.set(groupId, found);
    return found;
  }

  private changed(change: TopicChange): void {
    for (const listener of this.listeners) listener.onTopicChanged(change);
    for (const group of this.groups.values()) group.shareAgain();
  }

  /** Appends a batch. @throws RpcError when the topic is not there, or finds it too large. */
  append(records: readonly ProducerRecord[]): ProduceAck {
    const { topic: name, partition } = records[0] as ProducerRecord;
    const topic = this.topic(name);
    topic.log(partition);
    topic.checkBatch(partition, records);
    return topic.append(partition, records, this.options.now());
  }
}
