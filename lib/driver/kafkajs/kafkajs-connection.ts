import kafkajs, { type Kafka } from 'kafkajs';
import { RpcStatus } from '../../errors/status.js';
import type {
  Acks,
  ConnectOptions,
  DriverConnection,
  GroupHandler,
  GroupMember,
  GroupOptions,
  PartitionReader,
  ProduceAck,
  ReadOptions,
  TopicSpec,
} from '../driver.js';
import type { ConsumerRecord, ProducerRecord, TopicPartition } from '../record.js';
import { captureCluster } from './captured-cluster.js';
import { ClusterLink, connectionClosed } from './cluster-link.js';
import { Fetcher } from './fetcher.js';
import { KafkajsGroupMember } from './group-member.js';
import { toRpcError } from './kafkajs-errors.js';
import { kafkajsLog, kafkajsLogLevel } from './kafkajs-log.js';
import type { ResolvedKafkajsOptions } from './kafkajs-options.js';
import { logEnd } from './log-offsets.js';
import { Producer } from './producer.js';
import { quietRequestQueue } from './quiet-request-queue.js';
import { promptSockets } from './sockets.js';
import { plainReader, PartitionCursor } from './partition-cursor.js';
import { missingTopic, Topics } from './topics.js';

/** Metadata is asked for so often, to learn of new leaders and to keep sockets from being closed as idle. */
const REFRESH_MS = 4 * 60 * 1000;

const CONNECT_RETRIES = 4;

/** One cluster of kafkajs for all that a client or a server reads and writes; a group member has its own beside it. */
export class KafkajsConnection implements DriverConnection {
  private readonly link: ClusterLink;
  private readonly producer: Producer;
  private readonly fetcher: Fetcher;
  private readonly topics: Topics;
  private readonly members = new Set<KafkajsGroupMember>();
  private readonly closing = new AbortController();
  private readonly refreshTimer: NodeJS.Timeout;

  private constructor(
    private readonly kafka: Kafka,
    private readonly options: ResolvedKafkajsOptions,
    private readonly connectOptions: ConnectOptions,
    link: ClusterLink,
  ) {
    this.link = link;
    const closing = this.closing.signal;
    const { retries, maxWaitMs, maxFetchBytes } = options;
    this.producer = new Producer(this.link, retries, closing);
    this.fetcher = new Fetcher(this.link, {
      maxWaitMs,
      maxFetchBytes,
      closing,
      onEvent: connectOptions.onEvent,
    });
    this.topics = new Topics(kafka, this.link, retries);
    this.refreshTimer = setInterval(
      () => void this.link.refresh().catch(() => undefined),
      REFRESH_MS,
    ).unref();
  }

  static async open(
    options: ResolvedKafkajsOptions,
    connectOptions: ConnectOptions,
  ): Promise<KafkajsConnection> {
    quietRequestQueue();
    const kafka = new kafkajs.Kafka({
      clientId: connectOptions.clientId,
      brokers: [...options.brokers],
      ssl: options.ssl,
      sasl: options.sasl,
      connectionTimeout: options.connectionTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: CONNECT_RETRIES },
      socketFactory: options.socketFactory ?? promptSockets,
      logLevel: kafkajsLogLevel(options.logLevel),
      logCreator: kafkajsLog(connectOptions.log),
    });
    const link = new ClusterLink(captureCluster(kafka));
    try {
      await link.cluster.connect();
    } catch (error) {
      await link.close();
      throw toRpcError(error, `reach Kafka at ${options.brokers.join(', ')}`);
    }
    const connection = new KafkajsConnection(kafka, options, connectOptions, link);
    connectOptions.onEvent({ type: 'connected' });
    return connection;
  }

  async ensureTopics(topics: readonly TopicSpec[], { create }: { readonly create: boolean }): Promise<void> {
    this.checkOpen();
    await this.topics.ensure(topics, create);
  }

  async partitionCount(topic: string): Promise<number> {
    await this.knowTopics([topic]);
    return this.link.partitionsOf(topic);
  }

  leaderOf(partition: TopicPartition): number | undefined {
    return this.link.leaderOf(partition);
  }

  async produce(
    records: readonly ProducerRecord[],
    { acks }: { readonly acks: Acks },
  ): Promise<readonly ProduceAck[]> {
    this.checkOpen();
    try {
      return await this.producer.produce(records, acks);
    } catch (error) {
      throw toRpcError(error, 'produce');
    }
  }

  async readPartition(
    { topic, partition, from }: ReadOptions,
    onRecords: (records: readonly ConsumerRecord[]) => void,
  ): Promise<PartitionReader> {
    await this.knowTopics([topic]);
    const place = { topic, partition };
    const startOffset = from === 'latest' ? await this.endOf(place) : from;
    let isOpen = true;
    const reader = plainReader((records) => {
      if (isOpen) onRecords(records);
    });
    const cursor = new PartitionCursor(place, startOffset, reader);
    this.fetcher.add(cursor);
    return {
      startOffset,
      close: async () => {
        isOpen = false;
        this.fetcher.remove(cursor);
      },
    };
  }

  async joinGroup(options: GroupOptions, handler: GroupHandler): Promise<GroupMember> {
    await this.knowTopics(options.topics);
    const member = new KafkajsGroupMember(
      { ...options, retries: this.options.retries },
      handler,
      { fetcher: this.fetcher, link: this.link, groupLink: new ClusterLink(captureCluster(this.kafka)) },
      this.connectOptions,
    );
    this.members.add(member);
    try {
      await member.join();
    } catch (error) {
      await member.close();
      throw toRpcError(error, `join group ${options.groupId}`);
    }
    return member;
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    clearInterval(this.refreshTimer);
    await Promise.all([...this.members].map((member) => member.close()));
    this.closing.abort();
    await this.link.close();
    await this.fetcher.ended();
    this.connectOptions.onEvent({ type: 'disconnected' });
  }

  private async endOf(place: TopicPartition): Promise<bigint> {
    try {
      return await logEnd(this.link, place);
    } catch (error) {
      throw toRpcError(error, `find the end of ${place.topic}[${place.partition}]`);
    }
  }

  private async knowTopics(topics: readonly string[]): Promise<void> {
    this.checkOpen();
    try {
      await this.link.addTopics(topics);
    } catch (error) {
      const failure = toRpcError(error, `find ${topics.join(', ')}`);
      throw failure.status === RpcStatus.FAILED_PRECONDITION ? missingTopic(topics.join(', ')) : failure;
    }
  }

  private checkOpen(): void {
    if (this.closing.signal.aborted) throw connectionClosed();
  }
}
