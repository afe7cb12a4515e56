import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { TopicPartition } from '../record.js';
import { within } from './backoff.js';
import { rejectRequests, type Cluster } from './captured-cluster.js';
import type { ProtocolRequest } from './requests/protocol-request.js';
import { sendTo } from './requests/send.js';

/** The longest that saying good-bye to brokers may take. */
const DISCONNECT_MS = 1_000;

/** A cluster together with what is known of its leaders; refreshes are shared by all who ask at the same time. */
export class ClusterLink {
  private leaders = new Map<string, readonly number[]>();
  private refreshing: Promise<void> | undefined;
  private isClosed = false;

  constructor(readonly cluster: Cluster) {}

  /** Takes topics into the metadata. @throws what kafkajs throws, `UNKNOWN_TOPIC_OR_PARTITION` among it. */
  async addTopics(topics: readonly string[]): Promise<void> {
    if (topics.every((topic) => this.leaders.has(topic))) return;
    await this.cluster.addMultipleTargetTopics(topics);
    this.readLeaders([...this.leaders.keys(), ...topics]);
  }

  /** Whether the topic is in the metadata at hand. */
  knows(topic: string): boolean {
    return this.leaders.has(topic);
  }

  /** The partitions of a known topic. */
  partitionsOf(topic: string): number {
    return this.leaders.get(topic)?.length ?? 0;
  }

  /** From metadata at hand; undefined while the partition has no leader, or is not known. */
  leaderOf({ topic, partition }: TopicPartition): number | undefined {
    const leader = this.leaders.get(topic)?.[partition];
    return leader === undefined || leader < 0 ? undefined : leader;
  }

  /** Sends a request to a broker, which is connected first if it is not. @throws what kafkajs throws. */
  async send<T>(nodeId: number, request: ProtocolRequest<T>): Promise<T> {
    if (this.isClosed) throw connectionClosed();
    const known = this.cluster.brokerPool?.brokers?.[nodeId];
    const broker = known?.isConnected() ? known : await this.cluster.findBroker({ nodeId });
    return sendTo(broker, request);
  }

  /** Asks the cluster who leads what now. */
  async refresh(): Promise<void> {
    if (this.isClosed) throw connectionClosed();
    this.refreshing ??= this.cluster
      .refreshMetadata()
      .then(() => this.readLeaders([...this.leaders.keys()]))
      .finally(() => {
        this.refreshing = undefined;
      });
    await this.refreshing;
  }

  /**
   * Makes the next attempt possible after a request failed. A request that timed out leaves its socket open in kafkajs, where
   * every later one times out too: such a broker is disconnected.
   */
  async recover(error: unknown, nodeId?: number): Promise<void> {
    const broker = nodeId === undefined ? undefined : this.cluster.brokerPool?.brokers?.[nodeId];
    if (broker !== undefined && (error as Error).name === 'KafkaJSRequestTimeoutError') {
      for (const connection of broker.connectionPool.pool) connection.rejectRequests(error as Error);
      await broker.disconnect().catch(() => undefined);
    }
    // The reason of the first failure is what counts; a refresh that fails is tried again with the next attempt.
    await this.refresh().catch(() => undefined);
  }

  /** Ends requests under way and closes the sockets. Idempotent. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    rejectRequests(this.cluster, connectionClosed());
    await within(this.cluster.disconnect(), DISCONNECT_MS);
  }

  private readLeaders(topics: readonly string[]): void {
    for (const topic of topics) {
      const leaders: number[] = [];
      for (const { partitionId, leader } of this.cluster.findTopicPartitionMetadata(topic))
        leaders[partitionId] = leader;
      if (leaders.length > 0) this.leaders.set(topic, leaders);
    }
  }
}

/** The error of everything that is asked of a connection after `close()`. */
export const connectionClosed = (): RpcError =>
  new RpcError(RpcStatus.UNAVAILABLE, 'The connection to Kafka is closed.', { retryable: false });
