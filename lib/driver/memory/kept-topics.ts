import { clearTimeout, setTimeout } from 'node:timers';
import type { ConnectOptions, TopicSpec } from '../driver.js';
import { deletedTopic, missingTopic } from '../missing-topic.js';
import type { MemoryBroker } from './memory-broker.js';

/** How long a deleted topic is left alone: whoever deleted it may make it anew with other settings. */
const MAKE_AGAIN_MS = 100;

/** The topics that a connection has created or would have: one that is deleted is made again. */
export class KeptTopics {
  private readonly specs = new Map<string, TopicSpec>();
  private readonly missing = new Set<string>();
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly broker: MemoryBroker,
    private readonly options: Pick<ConnectOptions, 'log' | 'onEvent'>,
  ) {}

  keep(spec: TopicSpec): void {
    this.specs.set(spec.topic, spec);
  }

  /** @param isRead whether somebody reads it on this connection, who hears nothing until it is back */
  deleted(topic: string, isRead: boolean): void {
    const spec = this.specs.get(topic);
    if (isRead) {
      this.missing.add(topic);
      const error = spec === undefined ? missingTopic(topic) : deletedTopic(topic);
      this.options.onEvent({ type: 'crashed', error });
    }
    if (spec !== undefined) this.makeLater(spec);
  }

  /** The topic is there again. */
  made(topic: string): void {
    if (this.missing.delete(topic) && this.missing.size === 0) this.options.onEvent({ type: 'connected' });
  }

  close(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private makeLater(spec: TopicSpec): void {
    const timer = setTimeout(() => {
      this.timers.delete(spec.topic);
      this.make(spec);
    }, MAKE_AGAIN_MS).unref();
    clearTimeout(this.timers.get(spec.topic));
    this.timers.set(spec.topic, timer);
  }

  private make(spec: TopicSpec): void {
    const { topic } = spec;
    if (this.broker.hasTopic(topic)) return;
    if (!this.broker.isUp) return this.makeLater(spec);
    this.broker.createTopic(spec);
    this.options.log.warn(`Topic ${topic} had been deleted: created it again, as createTopics is true.`);
  }
}
