import kafkajs from 'kafkajs';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { DriverLog, TopicSpec } from '../driver.js';
import { backoffMs, sleep } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import { errorType, isRetriable } from './kafkajs-errors.js';

const MAX_MESSAGE_BYTES = 'max.message.bytes';
const LIMIT_KEPT_MS = 5_000;

interface KnownLimit {
  readonly limit: Promise<number | undefined>;
  readonly askedAtMs: number;
}

/** Compares the settings of topics with what is asked of them: at the start, and slowly from then on. */
export class TopicSettings {
  private readonly watched = new Map<string, TopicSpec>();
  /** What was said of a topic last, so that it is said once. */
  private readonly said = new Map<string, string>();
  private readonly limits = new Map<string, KnownLimit>();

  constructor(
    private readonly link: ClusterLink,
    private readonly log: DriverLog,
    private readonly retries: number,
    private readonly closing: AbortSignal,
  ) {}

  /**
   * Without the right to DescribeConfigs the check is left out, which is said once for each topic.
   * @throws RpcError `FAILED_PRECONDITION` naming the topic, the setting, what it is and what it should be.
   */
  async check(specs: readonly TopicSpec[]): Promise<void> {
    for (const spec of specs) {
      if (namesOf(spec).length === 0) continue;
      const found = await this.describe(spec);
      if (found === undefined) continue;
      const fault = faultOf(spec, found);
      if (fault !== undefined) throw new RpcError(RpcStatus.FAILED_PRECONDITION, fault);
      this.watched.set(spec.topic, spec);
    }
  }

  /** Looks again, and says what is not as it was checked: calls go on as well as they can. Never throws. */
  async lookAgain(): Promise<void> {
    for (const spec of this.watched.values()) {
      if (this.closing.aborted) return;
      const found = await this.describe(spec).catch(() => undefined);
      if (found === undefined) continue;
      const fault = faultOf(spec, found);
      if (fault === this.said.get(spec.topic)) continue;
      if (fault === undefined) this.said.delete(spec.topic);
      else this.said.set(spec.topic, fault);
      if (fault === undefined) this.log.info(`Topic ${spec.topic} has the settings again that are needed.`);
      else this.log.warn(`The settings of a topic were changed while it is in use. ${fault}`);
    }
  }

  /**
   * What the topic takes as one batch, known for some seconds: many batches may be too large at once.
   * @throws what the broker answers where it may not be asked.
   */
  maxMessageBytes(topic: string): Promise<number | undefined> {
    const known = this.limits.get(topic);
    if (known !== undefined && performance.now() - known.askedAtMs < LIMIT_KEPT_MS) return known.limit;
    const limit = this.ask(topic, [MAX_MESSAGE_BYTES]).then((found) => {
      const value = found.get(MAX_MESSAGE_BYTES);
      return value === undefined ? undefined : Number(value);
    });
    this.limits.set(topic, { limit, askedAtMs: performance.now() });
    return limit;
  }

  /** A broker that is asked may learn of a new topic later than its leader. */
  private async describe(spec: TopicSpec): Promise<Found | undefined> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.ask(spec.topic, namesOf(spec));
      } catch (error) {
        if (errorType(error) === 'TOPIC_AUTHORIZATION_FAILED') return this.leaveOut(spec);
        if (!isRetriable(error) || attempt >= this.retries || this.closing.aborted) throw error;
        await sleep(backoffMs(attempt), this.closing);
        await this.link.recover(error);
      }
    }
  }

  private async ask(topic: string, configNames: string[]): Promise<Found> {
    const broker = await this.link.anyBroker();
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames };
    const { resources } = await broker.describeConfigs({ resources: [resource] });
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
    return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
  }

  private leaveOut({ topic }: TopicSpec): undefined {
    const text = `The settings of topic ${topic} are not checked: DescribeConfigs on it is not permitted.`;
    if (this.said.get(topic) !== text) this.log.info(text);
    this.said.set(topic, text);
    return undefined;
  }
}

/** Values of settings by their names. */
type Found = ReadonlyMap<string, string>;

const namesOf = ({ required, atLeast = {} }: TopicSpec): string[] => [...required, ...Object.keys(atLeast)];

const faultOf = ({ topic, required, config, atLeast = {} }: TopicSpec, found: Found): string | undefined => {
  for (const name of required) {
    const actual = found.get(name);
    if (actual === config[name]) continue;
    return `Topic ${topic} has ${name}=${actual ?? 'nothing'}, it must be ${name}=${config[name]}: alter the topic's configuration.`;
  }
  for (const [name, { value, why }] of Object.entries(atLeast)) {
    const actual = found.get(name);
    if (actual === undefined || Number(actual) >= value) continue;
    return `Topic ${topic} has ${name}=${actual}, it must be at least ${value} ${why}.`;
  }
  return undefined;
};
