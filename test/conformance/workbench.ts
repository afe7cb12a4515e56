import { randomBytes } from 'node:crypto';
import type {
  ConnectOptions,
  DriverConnection,
  DriverEvent,
  GroupMember,
  GroupOptions,
  ProduceAck,
  TopicSpec,
} from '../../lib/driver/driver.js';
import type { ProducerRecord, TopicPartition } from '../../lib/driver/record.js';
import type { DriverHarness, HarnessTiming } from './driver-harness.js';
import { eventually, within } from './eventually.js';
import { GroupLog, RecordLog } from './recorder.js';

const APPEND_TIME = { 'message.timestamp.type': 'LogAppendTime' } as const;

export interface OpenedConnection {
  readonly connection: DriverConnection;
  readonly events: readonly DriverEvent[];
}

/** What a test of the suite works with: names that nobody else uses, and connections that are closed after it. */
export class Workbench {
  readonly harness: DriverHarness;
  private readonly opened: DriverConnection[] = [];
  private readonly groupLogs: GroupLog[] = [];
  private isBrokerUp = true;
  private ticks = 0;

  constructor(harness: DriverHarness) {
    this.harness = harness;
  }

  get timing(): HarnessTiming {
    return this.harness.timing;
  }

  /** Ends a test: closes what it opened, and holds the driver to the rules that all tests share. */
  async clear(): Promise<void> {
    await this.startBroker();
    await Promise.all(this.opened.splice(0).map((connection) => connection.close()));
    expect(this.groupLogs.splice(0).flatMap((log) => log.breaches)).toEqual([]);
  }

  uniqueName(kind: string): string {
    return `conformance.${kind}.${randomBytes(6).toString('hex')}`;
  }

  async open(): Promise<OpenedConnection> {
    const events: DriverEvent[] = [];
    const connection = await this.harness
      .driver()
      .connect(this.connectOptions((event) => events.push(event)));
    this.opened.push(connection);
    return { connection, events };
  }

  async connect(): Promise<DriverConnection> {
    return (await this.open()).connection;
  }

  connectOptions(onEvent: (event: DriverEvent) => void = () => undefined): ConnectOptions {
    const silent = (): void => undefined;
    return {
      clientId: 'conformance',
      log: { debug: silent, info: silent, warn: silent, error: silent },
      onEvent,
    };
  }

  /** A topic that keeps append time, with one partition unless `changes` say otherwise. */
  topicSpec(changes: Partial<TopicSpec> = {}): TopicSpec {
    return {
      topic: this.uniqueName('topic'),
      partitions: 1,
      replicationFactor: 1,
      config: APPEND_TIME,
      required: [],
      ...changes,
    };
  }

  /** Creates a topic and gives its partitions. */
  async createTopic(connection: DriverConnection, partitions = 1): Promise<TopicPartition[]> {
    const spec = this.topicSpec({ partitions });
    await connection.ensureTopics([spec], { create: true });
    return Array.from({ length: partitions }, (_, partition) => ({ topic: spec.topic, partition }));
  }

  /** Creates a topic with one partition and gives that. */
  async createPartition(connection: DriverConnection): Promise<TopicPartition> {
    const [partition] = await this.createTopic(connection);
    return partition!;
  }

  async produceTexts(
    connection: DriverConnection,
    at: TopicPartition,
    texts: readonly string[],
  ): Promise<ProduceAck> {
    return connection.produce(records(at, texts), { acks: -1 });
  }

  /** Produces until it succeeds, as after an outage. An attempt that failed may be in the log all the same. */
  async produceAtLast(connection: DriverConnection, at: TopicPartition, text: string): Promise<ProduceAck> {
    return eventually(this.timing.deadlineMs, () => this.produceTexts(connection, at, [text]));
  }

  /** Produces `<prefix>0`, `<prefix>1` … in one go. */
  async produceSeries(
    connection: DriverConnection,
    at: TopicPartition,
    prefix: string,
    count: number,
  ): Promise<string[]> {
    const texts = series(prefix, count);
    await this.produceTexts(connection, at, texts);
    return texts;
  }

  recordLog(): RecordLog {
    return new RecordLog(this.timing);
  }

  groupLog(): GroupLog {
    const log = new GroupLog(this.timing, () => ++this.ticks);
    this.groupLogs.push(log);
    return log;
  }

  groupOptions(partitions: readonly TopicPartition[], groupId = this.uniqueName('group')): GroupOptions {
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    return { groupId, topics, sessionTimeoutMs: this.timing.sessionTimeoutMs };
  }

  /** Joins over a connection of its own, as another process would. */
  async join(options: GroupOptions): Promise<JoinedMember> {
    const connection = await this.connect();
    const log = this.groupLog();
    const member = await within(this.timing.deadlineMs, 'joinGroup', connection.joinGroup(options, log));
    return { connection, log, member };
  }

  async stopBroker(): Promise<void> {
    this.isBrokerUp = false;
    await this.harness.stopBroker();
  }

  async startBroker(): Promise<void> {
    if (this.isBrokerUp) return;
    await this.harness.startBroker();
    this.isBrokerUp = true;
  }
}

export interface JoinedMember {
  readonly connection: DriverConnection;
  readonly log: GroupLog;
  readonly member: GroupMember;
}

export const series = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

/** One record per text. */
export const records = (at: TopicPartition, texts: readonly string[]): ProducerRecord[] =>
  texts.map((text) => ({ topic: at.topic, partition: at.partition, value: Buffer.from(text) }));
