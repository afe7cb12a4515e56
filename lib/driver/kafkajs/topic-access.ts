import { sleep } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import type { ConnectionHealth } from './connection-health.js';
import { notPermitted } from './kafkajs-errors.js';
import type { TopicOperation } from './topic-metadata.js';

/** How often the broker is asked whether a right was given back. */
const LOOK_MS = 1_000;

interface Denied {
  readonly topic: string;
  readonly operation: TopicOperation;
}

/**
 * Rights on topics that are missing while running: each is a state until it is given back, which is asked for, because what is refused
 * may not be tried again by itself.
 */
export class TopicAccess {
  private readonly denied = new Map<string, Denied>();
  private isLooking = false;

  constructor(
    private readonly link: ClusterLink,
    private readonly health: ConnectionHealth,
    private readonly closing: AbortSignal,
  ) {}

  /** The broker has refused it. */
  deny(operation: TopicOperation, topic: string, cause: unknown): void {
    const name = `${operation} ${topic}`;
    if (this.denied.has(name)) return;
    this.denied.set(name, { topic, operation });
    const error = notPermitted(operation, `topic ${topic}`, cause);
    this.health.report(name, { type: 'crashed', error });
    if (!this.isLooking) void this.look();
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    while (this.denied.size > 0 && !this.closing.aborted) {
      await sleep(LOOK_MS, this.closing);
      await this.link.refresh().then(
        () => this.release(),
        () => undefined,
      );
    }
    this.isLooking = false;
  }

  private release(): void {
    for (const [name, { topic, operation }] of this.denied) {
      if (!this.link.knows(topic) || !this.link.isPermitted(topic, operation)) continue;
      this.denied.delete(name);
      this.health.report(name, { type: 'connected' });
    }
  }
}
