import type { Kafka } from 'kafkajs';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { TopicPartition } from '../record.js';
import { adaptCluster } from './adapted-cluster.js';
import { backoffMs, endOfWaits, sleep, within } from './backoff.js';
import { captureCluster, rejectRequests, type Broker, type Cluster } from './captured-cluster.js';
import { errorType, isConnectionFailure } from './kafkajs-errors.js';
import type { ProtocolRequest } from './requests/protocol-request.js';
import { sendTo } from './requests/send.js';
import {
  TopicDirectory,
  type DeniedOperation,
  type KnownTopic,
  type TopicChange,
  type TopicOperation,
} from './topic-metadata.js';

/** The longest that saying good-bye to brokers may take. */
const DISCONNECT_MS = 500;

const CONNECT_RETRIES = 4;
/** How often metadata is asked for before a start has failed: two answers may be lost. */
const FIRST_ASKS = 3;

/** A fetch brings at least one batch, however large: such a one is beyond what brokers are set to take. */
const LARGE_BATCH_BYTES = 128 * 1024 * 1024;

/** How often a topic that is not known is asked for again. */
const LOOKS = 3;

/** A cluster of its own, together with what is known of its topics; refreshes are shared by all who ask at the same time. */
export class ClusterLink {
  private readonly topics = new TopicDirectory();
  private readonly listeners = new Set<(change: TopicChange) => void>();
  private readonly deniedListeners = new Set<(denied: DeniedOperation) => void>();
  private readonly closing = endOfWaits();
  private refreshing: Promise<void> | undefined;

  constructor(readonly cluster: Cluster) {}

  /**
   * Connects to nothing yet.
   * @param maxFetchBytes what is asked for with one fetch
   * @param onLogin told when a broker does not let us in, with its error, and when it does, with none
   */
  static of(kafka: Kafka, maxFetchBytes: number, onLogin: (refusal?: unknown) => void): ClusterLink {
    const link = new ClusterLink(captureCluster(kafka));
    adaptCluster(link.cluster, {
      retries: CONNECT_RETRIES,
      closing: link.closing.signal,
      maxFrameBytes: 2 * Math.max(maxFetchBytes, LARGE_BATCH_BYTES),
      onLogin,
      // A leader that does not answer may be one no more.
      onSlow: () => void link.refresh().catch(() => undefined),
    });
    return link;
  }

  /** Connects to the first broker that answers. @throws what kafkajs throws, after bounded retries, or at once when closed. */
  async connect(): Promise<void> {
    await this.cluster.connect();
    for (let asks = 1; ; asks++) {
      try {
        return await this.refresh();
      } catch (error) {
        const isOver = this.closing.signal.aborted || asks >= FIRST_ASKS || !isConnectionFailure(error);
        if (isOver) throw error;
        await sleep(backoffMs(asks), this.closing.signal);
      }
    }
  }

  /** Has `listener` told of what becomes other than it was, until the function returned is called. */
  onTopicChange(listener: (change: TopicChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Has `listener` told of rights that turned out to be missing. */
  onDenied(listener: (denied: DeniedOperation) => void): void {
    this.deniedListeners.add(listener);
  }

  /** Whoever was refused an operation on a topic says so here: it becomes a state until the right is given back. */
  denied(denied: DeniedOperation): void {
    for (const listener of this.deniedListeners) listener(denied);
  }

  /**
   * Takes topics into the metadata. What a broker does not know is asked for again, a few times in half a second: one that has just
   * started says so of topics that are there.
   * @throws what is wrong with the first of them, `UNKNOWN_TOPIC_OR_PARTITION` among it.
   */
  async addTopics(topics: readonly string[]): Promise<void> {
    for (let attempt = 0; !topics.every((topic) => this.knows(topic)); attempt++) {
      const [error] = (await this.lookUp(topics)).values();
      if (error === undefined) return;
      if (errorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION' || attempt >= LOOKS) throw error;
      await sleep(backoffMs(attempt), this.closing.signal);
    }
  }

  /** Asks for topics, and follows those that are there. @returns why the others are not. */
  async lookUp(topics: readonly string[]): Promise<ReadonlyMap<string, Error>> {
    // One that is under way does not ask for them.
    await this.refreshing?.catch(() => undefined);
    const { targetTopics } = this.cluster;
    for (const topic of topics) targetTopics.add(topic);
    await this.refresh();
    const errors = new Map<string, Error>();
    for (const topic of topics) {
      if (this.knows(topic)) continue;
      errors.set(topic, this.topics.errorOf(topic) ?? unknownTopic(topic));
      if (this.topics.get(topic) === undefined) targetTopics.delete(topic);
    }
    return errors;
  }

  /** Whether the topic is there, as far as is known. */
  knows(topic: string): boolean {
    const known = this.topics.get(topic);
    return known !== undefined && known.error === undefined;
  }

  /** What is known of a topic that is used. */
  topic(topic: string): KnownTopic | undefined {
    return this.topics.get(topic);
  }

  /** The partitions of a known topic. */
  partitionsOf(topic: string): number {
    return this.topics.get(topic)?.leaders.length ?? 0;
  }

  /** From metadata at hand; undefined while the partition has no leader, or is not known. */
  leaderOf(partition: TopicPartition): number | undefined {
    return this.topics.leaderOf(partition);
  }

  /** From metadata at hand: false only when the broker has said so. */
  isPermitted(topic: string, operation: TopicOperation): boolean {
    return this.topics.isPermitted(topic, operation);
  }

  /** Sends a request to a broker, which is connected first if it is not. @throws what kafkajs throws. */
  async send<T>(nodeId: number, request: ProtocolRequest<T>): Promise<T> {
    if (this.closing.signal.aborted) throw connectionClosed();
    const known = this.cluster.brokerPool.brokers[nodeId];
    const broker = known?.isConnected() ? known : await this.cluster.findBroker({ nodeId });
    return sendTo(broker, request);
  }

  /** One that is connected where there is one. @throws what kafkajs throws. */
  async anyBroker(): Promise<Broker> {
    const brokers = Object.values(this.cluster.brokerPool.brokers);
    const broker = brokers.find((each) => each.isConnected()) ?? brokers[0];
    if (broker === undefined) throw connectionClosed();
    return this.cluster.findBroker({ nodeId: broker.nodeId });
  }

  /** Asks the cluster who leads what now. One bad topic fails nothing. */
  async refresh(): Promise<void> {
    this.refreshing ??= this.refreshOnce().finally(() => (this.refreshing = undefined));
    await this.refreshing;
  }

  /**
   * Makes the next attempt possible after a request failed. A request that timed out leaves its socket open in kafkajs, where
   * every later one times out too: such a broker is disconnected.
   */
  async recover(error: unknown, nodeId?: number): Promise<void> {
    const broker = nodeId === undefined ? undefined : this.cluster.brokerPool.brokers[nodeId];
    if (broker !== undefined && (error as Error).name === 'KafkaJSRequestTimeoutError') {
      for (const connection of broker.connectionPool.pool) connection.rejectRequests(error as Error);
      await broker.disconnect().catch(() => undefined);
    }
    // The reason of the first failure is what counts; a refresh that fails is tried again with the next attempt.
    await this.refresh().catch(() => undefined);
  }

  /** Ends requests and attempts under way, and closes the sockets. Idempotent. */
  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    rejectRequests(this.cluster, connectionClosed());
    await within(this.cluster.disconnect(), DISCONNECT_MS);
  }

  private async refreshOnce(): Promise<void> {
    if (this.closing.signal.aborted) throw connectionClosed();
    await this.cluster.refreshMetadata();
    const changes: TopicChange[] = [];
    for (const found of this.cluster.brokerPool.metadata?.topicMetadata ?? []) {
      changes.push(...this.topics.learn(found));
    }
    for (const change of changes) for (const listener of this.listeners) listener(change);
  }
}

/** The error of everything that is asked of a connection after `close()`. */
export const connectionClosed = (): RpcError =>
  new RpcError(RpcStatus.UNAVAILABLE, 'The connection to Kafka is closed.', { retryable: false });

const unknownTopic = (topic: string): Error =>
  Object.assign(new Error(`The broker did not speak of topic ${topic}.`), { type: 'LEADER_NOT_AVAILABLE' });
