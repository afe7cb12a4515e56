import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { DriverLog, TopicSpec } from '../driver.js';
import { deletedTopic, missingTopic } from '../missing-topic.js';
import { backoffMs, sleep } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import { KeptTopics } from './kept-topics.js';
import { errorType, isRetriable, notPermitted, toRpcError } from './kafkajs-errors.js';
import type { TopicSettings } from './topic-settings.js';

/** Creates and checks topics, over the connection that is there. */
export class Topics {
  /** What was checked already on this connection: a second client of the same topics costs nothing. */
  private readonly checked = new Set<string>();
  private readonly kept: KeptTopics;
  private readonly closing: AbortSignal;

  constructor(
    private readonly link: ClusterLink,
    private readonly settings: TopicSettings,
    private readonly retries: number,
    { closing, log }: { readonly closing: AbortSignal; readonly log: DriverLog },
  ) {
    this.closing = closing;
    const make = async (spec: TopicSpec): Promise<void> => {
      await this.create([spec], true);
      await this.untilLed([spec.topic]);
    };
    this.kept = new KeptTopics(link, { make, closing, log });
  }

  /** Why a topic that was there is not. */
  whyGone(topic: string): RpcError {
    return this.kept.has(topic) ? deletedTopic(topic) : missingTopic(topic);
  }

  async ensure(specs: readonly TopicSpec[], create: boolean): Promise<void> {
    const unchecked = specs.filter((spec) => !this.checked.has(checkOf(spec)));
    if (unchecked.length === 0) return;
    try {
      const missing = await this.missing(unchecked);
      if (missing.length > 0) await this.create(missing, create);
      await this.untilLed(unchecked.map(({ topic }) => topic));
      await this.settings.check(unchecked);
    } catch (error) {
      throw toRpcError(error, `prepare the topics ${namesOf(unchecked)}`);
    }
    for (const spec of unchecked) this.checked.add(checkOf(spec));
    if (create) for (const spec of unchecked) this.kept.keep(spec);
  }

  /** Topics that are not there, or not for us to see, which only an attempt to make them can tell apart. */
  private async missing(specs: readonly TopicSpec[]): Promise<readonly TopicSpec[]> {
    const errors = await this.link.lookUp(specs.map(({ topic }) => topic));
    return specs.filter(({ topic }) => {
      const error = errors.get(topic);
      if (error === undefined) return false;
      const type = errorType(error);
      if (type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'TOPIC_AUTHORIZATION_FAILED') return true;
      if (!isRetriable(error)) throw error;
      return false;
    });
  }

  private async create(specs: readonly TopicSpec[], mayCreate: boolean): Promise<void> {
    for (const { topic } of specs) {
      if (mayCreate) continue;
      const error = (await this.link.lookUp([topic])).get(topic);
      if (errorType(error) === 'TOPIC_AUTHORIZATION_FAILED')
        throw notPermitted('Read or Write', `topic ${topic}`, error);
      throw missingTopic(topic);
    }
    for (let attempt = 0; ; attempt++) {
      try {
        const controller = await this.link.cluster.findControllerBroker();
        await controller.createTopics({ topics: specs.map(toTopicConfig) });
        return;
      } catch (error) {
        // Somebody else was faster: what they made is checked like any other.
        if (isAlreadyThere(error)) return;
        if (!isWorthRepeating(error) || attempt >= this.retries) throw error;
        await sleep(backoffMs(attempt), this.closing);
        await this.link.recover(undefined);
      }
    }
  }

  /** A new topic takes a moment to get its leaders. */
  private async untilLed(topics: readonly string[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const [error] = (await this.link.lookUp(topics)).values();
      if (error === undefined && topics.every((topic) => this.isLed(topic))) return;
      if (error !== undefined && (!isRetriable(error) || attempt >= this.retries)) throw error;
      if (attempt >= this.retries) throw noLeader(topics);
      await sleep(backoffMs(attempt), this.closing);
    }
  }

  private isLed(topic: string): boolean {
    const partitions = this.link.partitionsOf(topic);
    const leads = (partition: number): boolean => this.link.leaderOf({ topic, partition }) !== undefined;
    return partitions > 0 && Array.from({ length: partitions }, (_, i) => i).every(leads);
  }
}

/** Names a topic together with what is asked of it. */
const checkOf = ({ topic, required, config, atLeast }: TopicSpec): string =>
  JSON.stringify([topic, atLeast, ...required.map((name) => [name, config[name]])]);

const namesOf = (specs: readonly TopicSpec[]): string => specs.map(({ topic }) => topic).join(', ');

const toTopicConfig = (spec: TopicSpec): object => ({
  topic: spec.topic,
  numPartitions: spec.partitions,
  replicationFactor: spec.replicationFactor,
  configEntries: Object.entries(spec.config).map(([name, value]) => ({ name, value })),
});

const isAlreadyThere = (error: unknown): boolean => {
  const { errors } = error as { errors?: readonly unknown[] };
  const all = errors ?? [error];
  return all.every((single) => errorType(single) === 'TOPIC_ALREADY_EXISTS');
};

const isWorthRepeating = (error: unknown): boolean =>
  isRetriable(error) || errorType(error) === 'NOT_CONTROLLER';

const noLeader = (topics: readonly string[]): RpcError =>
  new RpcError(RpcStatus.UNAVAILABLE, `Not every partition of ${topics.join(', ')} has a leader.`);
