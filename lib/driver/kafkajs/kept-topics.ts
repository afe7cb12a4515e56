import type { DriverLog, TopicSpec } from '../driver.js';
import { sleep } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import { errorType, toRpcError } from './kafkajs-errors.js';

/** How long a deleted topic is left alone: whoever deleted it may make it anew with other settings. */
const MAKE_AGAIN_MS = 5_000;
/** The longest pause between two attempts. */
const LONGEST_MS = 60_000;

export interface KeptTopicsOptions {
  readonly make: (spec: TopicSpec) => Promise<void>;
  readonly closing: AbortSignal;
  readonly log: DriverLog;
}

/** The topics that a connection may create: one that is deleted while it is open is made again, with what is known of it. */
export class KeptTopics {
  private readonly specs = new Map<string, TopicSpec>();
  private readonly awaited = new Set<string>();

  constructor(
    private readonly link: ClusterLink,
    private readonly options: KeptTopicsOptions,
  ) {
    link.onTopicChange(({ type, topic }) => {
      const spec = this.specs.get(topic);
      if (type === 'deleted' && spec !== undefined) void this.makeAgain(spec);
    });
  }

  keep(spec: TopicSpec): void {
    this.specs.set(spec.topic, spec);
  }

  has(topic: string): boolean {
    return this.specs.has(topic);
  }

  private async makeAgain(spec: TopicSpec): Promise<void> {
    const { closing } = this.options;
    if (this.awaited.has(spec.topic)) return;
    this.awaited.add(spec.topic);
    for (let delayMs = MAKE_AGAIN_MS; ; delayMs = Math.min(2 * delayMs, LONGEST_MS)) {
      await sleep(delayMs, closing);
      if (closing.aborted || (await this.isThere(spec))) break;
    }
    this.awaited.delete(spec.topic);
  }

  /** Makes it if it is still not there. @returns whether it is there now */
  private async isThere(spec: TopicSpec): Promise<boolean> {
    const { topic } = spec;
    const { closing, log, make } = this.options;
    try {
      const error = (await this.link.lookUp([topic])).get(topic);
      if (error === undefined) return true;
      if (errorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') return false;
      await make(spec);
      log.warn(`Topic ${topic} had been deleted: created it again, as createTopics is true.`);
      return true;
    } catch (error) {
      if (closing.aborted) return true;
      const { message } = toRpcError(error, `create topic ${topic} again, which was deleted`);
      log.warn(`${message.replace(/\.$/, '')}. Tried again until it works.`);
      return false;
    }
  }
}
