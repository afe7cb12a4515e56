import type { Kafka } from 'kafkajs';
import { RateLimitedLog } from '../../diagnostics/rate-limited-log.js';
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
import { missingTopic } from '../missing-topic.js';
import type { ConsumerRecord, ProducerRecord, TopicPartition } from '../record.js';
import { endOfWaits } from './backoff.js';
import { ClusterLink, connectionClosed } from './cluster-link.js';
import { ConnectionHealth } from './connection-health.js';
import { describeGroup } from './described-group.js';
import { Fetcher } from './fetcher.js';
import { KafkajsGroupMember, type MemberLinks } from './group-member.js';
import { notPermitted, toRpcError } from './kafkajs-errors.js';
import type { ResolvedKafkajsOptions } from './kafkajs-options.js';
import { logEnd, logStart } from './log-offsets.js';
import { openCluster, type OpenCluster } from './open-cluster.js';
import { PartitionCursor, plainReader } from './partition-cursor.js';
import { Producer } from './producer.js';
import type { OwnSockets } from './sockets.js';
import { TopicAccess } from './topic-access.js';
import type { TopicOperation } from './topic-metadata.js';
import { TopicSettings } from './topic-settings.js';
import { Topics } from './topics.js';

/** Settings of topics change seldom: they are looked at once in so many times that metadata is asked for. */
const REFRESHES_PER_LOOK = 5;

/** One cluster of kafkajs for all that a client or a server reads and writes; a group member has its own beside it. */
export class KafkajsConnection implements DriverConnection {
  private readonly kafka: Kafka;
  private readonly sockets: OwnSockets;
  private readonly link: ClusterLink;
  private readonly health: ConnectionHealth;
  private readonly throttles: RateLimitedLog<'reading'>;
  private readonly producer: Producer;
  private readonly fetcher: Fetcher;
  private readonly topics: Topics;
  private readonly settings: TopicSettings;
  private readonly members = new Set<KafkajsGroupMember>();
  private readonly closing = endOfWaits();
  private readonly refreshTimer: NodeJS.Timeout;
  private refreshes = 0;

  private constructor(
    { kafka, link, sockets, onLogin }: OpenCluster,
    private readonly options: ResolvedKafkajsOptions,
    private readonly connectOptions: ConnectOptions,
  ) {
    const closing = this.closing.signal;
    const { retries, maxWaitMs, maxFetchBytes } = options;
    this.kafka = kafka;
    this.link = link;
    this.sockets = sockets;
    this.health = new ConnectionHealth(connectOptions.onEvent, connectOptions.log);
    this.throttles = new RateLimitedLog((line) => connectOptions.log.warn(line));
    onLogin.listener = this.loginReporter('login');
    const access = new TopicAccess(link, this.health, closing);
    link.onDenied(({ operation, topic, error }) => access.deny(operation, topic, error));
    link.onTopicChange((change) => {
      if (change.type === 'partitions') connectOptions.onEvent({ ...change, type: 'partitions-changed' });
    });
    this.settings = new TopicSettings(link, connectOptions.log, retries, closing);
    const limitOf = (topic: string): Promise<number | undefined> => this.settings.maxMessageBytes(topic);
    this.topics = new Topics(link, this.settings, retries, { closing, log: connectOptions.log });
    this.producer = new Producer({ link, log: connectOptions.log, closing, limitOf });
    this.fetcher = new Fetcher(link, {
      maxWaitMs,
      maxFetchBytes,
      closing,
      whyGone: (topic) => this.topics.whyGone(topic),
      report: (source, event) => this.health.report(source, event),
      onThrottled: (throttleMs) => this.readingThrottled(throttleMs),
    });
    this.refreshTimer = setInterval(() => void this.lookAround(), options.metadataMaxAgeMs).unref();
  }

  /** @throws RpcError saying what may be wrong with the settings, where that is known; at once when the signal aborts. */
  static async open(
    options: ResolvedKafkajsOptions,
    connectOptions: ConnectOptions,
  ): Promise<KafkajsConnection> {
    const opened = await openCluster(options, connectOptions);
    const connection = new KafkajsConnection(opened, options, connectOptions);
    connection.producer.warmUp();
    connectOptions.signal?.addEventListener('abort', () => void connection.close());
    connectOptions.onEvent({ type: 'connected' });
    return connection;
  }

  async ensureTopics(topics: readonly TopicSpec[], { create }: { readonly create: boolean }): Promise<void> {
    this.checkOpen();
    await this.topics.ensure(topics, create);
  }

  async partitionCount(
    topic: string,
    { isFresh = false }: { readonly isFresh?: boolean } = {},
  ): Promise<number> {
    await this.knowTopics([topic]);
    if (isFresh) await this.link.refresh();
    return this.link.partitionsOf(topic);
  }

  leaderOf(partition: TopicPartition): number | undefined {
    return this.link.leaderOf(partition);
  }

  async produce(records: readonly ProducerRecord[], options: ProduceOptions): Promise<ProduceAck> {
    this.checkOpen();
    return this.producer.produce(records, options);
  }

  async readPartition(
    { topic, partition, from }: ReadOptions,
    onRecords: (records: readonly ConsumerRecord[]) => void,
  ): Promise<PartitionReader> {
    await this.knowTopics([topic]);
    this.checkRight('Read', topic);
    const place = { topic, partition };
    const startOffset = typeof from === 'bigint' ? from : await this.edgeOf(place, from);
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
    for (const topic of options.topics) this.checkRight('Read', topic);
    const { groupId } = options;
    const member = new KafkajsGroupMember(
      { ...options, retries: this.options.retries },
      handler,
      { fetcher: this.fetcher, link: this.link, ...this.groupLinks(groupId) },
      { log: this.connectOptions.log, onEvent: this.health.reporter(`group ${groupId}`) },
    );
    this.members.add(member);
    try {
      await member.join();
    } catch (error) {
      await member.close();
      throw toRpcError(error, `join group ${groupId}`);
    }
    return member;
  }

  async describeGroup(groupId: string): Promise<GroupDescription> {
    this.checkOpen();
    return describeGroup(this.link, groupId);
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    clearInterval(this.refreshTimer);
    await Promise.all([...this.members].map((member) => member.close()));
    this.closing.abort();
    await this.link.close();
    // A broker that does not answer would keep its sockets, and the process, for minutes.
    this.sockets.destroy();
    await this.fetcher.ended();
    this.connectOptions.onEvent({ type: 'disconnected' });
  }

  /** Follows what operators change, and keeps sockets from being closed as idle. */
  private async lookAround(): Promise<void> {
    await this.link.refresh().catch(() => undefined);
    this.refreshes += 1;
    if (this.refreshes % REFRESHES_PER_LOOK === 0) await this.settings.lookAgain();
  }

  /** Heartbeats log in again and again, so theirs says how that is; joins are seldom. */
  private groupLinks(groupId: string): Pick<MemberLinks, 'groupLink' | 'joinLink'> {
    const { maxFetchBytes } = this.options;
    const groupLink = ClusterLink.of(
      this.kafka,
      maxFetchBytes,
      this.loginReporter(`login for group ${groupId}`),
    );
    return { groupLink, joinLink: ClusterLink.of(this.kafka, maxFetchBytes, () => undefined) };
  }

  private loginReporter(source: string): (refusal?: unknown) => void {
    return (refusal) => {
      const error = refusal === undefined ? undefined : toRpcError(refusal, 'connect to Kafka');
      this.health.report(source, error === undefined ? { type: 'connected' } : { type: 'crashed', error });
    };
  }

  private readingThrottled(throttleMs: number): void {
    this.throttles.add(
      'reading',
      () =>
        `The broker throttles what this client reads for ${throttleMs} ms, as its quota is used up: ` +
        'raise its consumer_byte_rate or request_percentage.',
    );
    this.connectOptions.onEvent({ type: 'throttled', throttleMs });
  }

  private async edgeOf(place: TopicPartition, edge: 'earliest' | 'latest'): Promise<bigint> {
    try {
      return await (edge === 'latest' ? logEnd : logStart)(this.link, place);
    } catch (error) {
      const name = edge === 'latest' ? 'end' : 'start';
      throw toRpcError(error, `find the ${name} of ${place.topic}[${place.partition}]`);
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

  /** Known from the metadata: a reader that may not read would be silent for ever. */
  private checkRight(operation: TopicOperation, topic: string): void {
    if (!this.link.isPermitted(topic, operation)) throw notPermitted(operation, `topic ${topic}`);
  }

  private checkOpen(): void {
    if (this.closing.signal.aborted) throw connectionClosed();
  }
}
