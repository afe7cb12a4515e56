import kafkajs from 'kafkajs';
import { sleep } from './backoff.js';
import type { Broker, BrokerPool } from './captured-cluster.js';
import { metadataRequest, speaksTopicIds, type ClusterMetadata } from './requests/metadata.js';
import { sendTo } from './requests/send.js';

/** A broker that is well answers in milliseconds: after so long another one is asked. */
const ANSWER_MS = 1_500;

/** Asks the brokers for metadata, those first that have answered lately, until one does. */
export class MetadataSource {
  /** When a broker did not answer last, on the clock of `performance.now()`. */
  private readonly silentAt = new WeakMap<Broker, number>();
  private rotation = 0;

  constructor(
    private readonly pool: BrokerPool,
    private readonly closing: AbortSignal,
  ) {}

  /** @throws what kafkajs throws, when no broker answers. */
  async ask(topics: readonly string[]): Promise<ClusterMetadata> {
    let failure: unknown;
    for (const broker of this.candidates()) {
      if (this.closing.aborted) break;
      try {
        return this.dropOthers(await this.askBroker(broker, topics));
      } catch (error) {
        this.silentAt.set(broker, performance.now());
        failure = error;
      }
    }
    if (this.pool.hasConnectedBrokers() && failure !== undefined) throw failure;
    await this.pool.connect();
    const { seedBroker } = this.pool;
    if (seedBroker === undefined) throw failure ?? noBroker();
    return this.dropOthers(await this.askBroker(seedBroker, topics));
  }

  /** Connected ones first, and those that answer before those that did not; another one each time. */
  private candidates(): Broker[] {
    const brokers = Object.values(this.pool.brokers);
    const seed = this.pool.seedBroker;
    if (brokers.length === 0) return seed?.isConnected() ? [seed] : [];
    this.rotation = (this.rotation + 1) % brokers.length;
    const rotated = [...brokers.slice(this.rotation), ...brokers.slice(0, this.rotation)];
    const rank = (broker: Broker): number =>
      (broker.isConnected() ? 0 : 1e12) + (this.silentAt.get(broker) ?? 0);
    return rotated.sort((a, b) => rank(a) - rank(b));
  }

  private async askBroker(broker: Broker, topics: readonly string[]): Promise<ClusterMetadata> {
    const answered = new AbortController();
    const asking = this.sendTo(broker, topics);
    asking.catch(() => undefined);
    const tooLate = sleep(ANSWER_MS, answered.signal).then(() => {
      throw noAnswer(broker);
    });
    tooLate.catch(() => undefined);
    try {
      return await Promise.race([asking, tooLate]);
    } finally {
      answered.abort();
    }
  }

  private async sendTo(broker: Broker, topics: readonly string[]): Promise<ClusterMetadata> {
    await this.pool.connectBroker(broker);
    return sendTo(broker, metadataRequest(topics, speaksTopicIds(broker.versions)));
  }

  /**
   * A broker that the cluster takes for gone answers nothing more: what waits for it fails now, and nothing more goes to it. kafkajs
   * would wait for its answers before it takes the new metadata.
   */
  private dropOthers(metadata: ClusterMetadata): ClusterMetadata {
    const living = new Map(metadata.brokers.map((broker) => [broker.nodeId, broker]));
    for (const [nodeId, broker] of Object.entries(this.pool.brokers)) {
      const { host, port } = broker.connectionPool;
      const address = living.get(Number(nodeId));
      if (address !== undefined && address.host === host && address.port === port) continue;
      for (const connection of broker.connectionPool.pool) {
        connection.rejectRequests(gone(nodeId));
        // In the same turn: what waited for a place behind them would take it.
        connection.disconnect().catch(() => undefined);
      }
    }
    return metadata;
  }
}

const noBroker = (): Error => new kafkajs.KafkaJSConnectionError('No broker is known');

const addressOf = ({ connectionPool: { host, port } }: Broker): string => `${host}:${port}`;

const noAnswer = (broker: Broker): Error =>
  new kafkajs.KafkaJSConnectionError(`No answer within ${ANSWER_MS} ms`, { broker: addressOf(broker) });

const gone = (nodeId: string): Error =>
  new kafkajs.KafkaJSConnectionError(`Broker ${nodeId} has left the cluster`);
