import kafkajs, { type Kafka } from 'kafkajs';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { TopicSpec } from '../driver.js';
import { backoffMs, sleep } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import { errorType, isRetriable, toRpcError } from './kafkajs-errors.js';

type Admin = ReturnType<Kafka['admin']>;

/** Creates and checks topics. Opens a connection of its own only when there is something to ask. */
export class Topics {
  /** What was checked already on this connection: a second client of the same topics costs nothing. */
  private readonly known = new Set<string>();

  constructor(
    private readonly kafka: Kafka,
    private readonly link: ClusterLink,
    private readonly retries: number,
  ) {}

  async ensure(specs: readonly TopicSpec[], create: boolean): Promise<void> {
    const unknown = specs.filter((spec) => !this.known.has(checkOf(spec)));
    if (unknown.length === 0) return;
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      const existing = new Set(await admin.listTopics());
      const missing = unknown.filter(({ topic }) => !existing.has(topic));
      if (missing.length > 0) await this.createMissing(admin, missing, create);
      await this.untilLed(unknown.map(({ topic }) => topic));
      await this.checkConfigOnceKnown(admin, unknown);
    } catch (error) {
      throw toRpcError(error, `prepare the topics ${unknown.map(({ topic }) => topic).join(', ')}`);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
    for (const spec of unknown) this.known.add(checkOf(spec));
  }

  private async createMissing(admin: Admin, specs: readonly TopicSpec[], create: boolean): Promise<void> {
    if (!create) throw missingTopic(specs.map(({ topic }) => topic).join(', '));
    try {
      await admin.createTopics({ waitForLeaders: false, topics: specs.map(toTopicConfig) });
    } catch (error) {
      // Somebody else was faster: what they made is checked like any other.
      if (!isAlreadyThere(error)) throw error;
    }
  }

  /** A new topic takes a moment to get its leaders. */
  private async untilLed(topics: readonly string[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.link.addTopics(topics);
        if (topics.every((topic) => this.isLed(topic))) return;
      } catch (error) {
        if (!isRetriable(error) || attempt >= this.retries)
          throw toRpcError(error, `find ${topics.join(', ')}`);
      }
      if (attempt >= this.retries) throw noLeader(topics);
      await sleep(backoffMs(attempt));
      await this.link.recover(undefined);
    }
  }

  /** A broker that is asked may learn of a new topic later than its leader. */
  private async checkConfigOnceKnown(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await checkConfig(admin, specs);
      } catch (error) {
        if (!isRetriable(error) || attempt >= this.retries) throw error;
        await sleep(backoffMs(attempt));
      }
    }
  }

  private isLed(topic: string): boolean {
    const partitions = this.link.partitionsOf(topic);
    const leads = (partition: number): boolean => this.link.leaderOf({ topic, partition }) !== undefined;
    return partitions > 0 && Array.from({ length: partitions }, (_, i) => i).every(leads);
  }
}

/** Names a topic together with what is asked of it. */
const checkOf = ({ topic, required, config }: TopicSpec): string =>
  JSON.stringify([topic, ...required.map((name) => [name, config[name]])]);

const toTopicConfig = (spec: TopicSpec): Parameters<Admin['createTopics']>[0]['topics'][number] => ({
  topic: spec.topic,
  numPartitions: spec.partitions,
  replicationFactor: spec.replicationFactor,
  configEntries: Object.entries(spec.config).map(([name, value]) => ({ name, value })),
});

const checkConfig = async (admin: Admin, specs: readonly TopicSpec[]): Promise<void> => {
  const checked = specs.filter(({ required }) => required.length > 0);
  if (checked.length === 0) return;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: checked.map(({ topic, required }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: topic,
      configNames: [...required],
    })),
  });
  for (const { topic, required, config } of checked) {
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
    for (const name of required) {
      const actual = entries.find(({ configName }) => configName === name)?.configValue;
      if (actual !== config[name]) throw wrongSetting(topic, name, actual, config[name]);
    }
  }
};

const isAlreadyThere = (error: unknown): boolean => {
  const { errors } = error as { errors?: readonly unknown[] };
  const all = errors ?? [error];
  return all.every((single) => errorType(single) === 'TOPIC_ALREADY_EXISTS');
};

export const missingTopic = (topic: string): RpcError =>
  new RpcError(
    RpcStatus.FAILED_PRECONDITION,
    `Topic ${topic} does not exist: create it, or let createTopics be true.`,
  );

const wrongSetting = (
  topic: string,
  name: string,
  actual: string | undefined,
  wanted: string | undefined,
): RpcError =>
  new RpcError(
    RpcStatus.FAILED_PRECONDITION,
    `Topic ${topic} has ${name}=${actual ?? 'nothing'}, it must be ${name}=${wanted}: alter the topic's configuration.`,
  );

const noLeader = (topics: readonly string[]): RpcError =>
  new RpcError(RpcStatus.UNAVAILABLE, `Not every partition of ${topics.join(', ')} has a leader.`);
