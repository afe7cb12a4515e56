import { backoffMs, sleep } from './backoff.js';
import type { FetchedTopic, FetchRequest } from './captured-cluster.js';
import type { ClusterLink } from './cluster-link.js';
import type { Subscription } from './subscription.js';

const READ_UNCOMMITTED = 0;
const MIN_BYTES = 1;

export interface FetchLoopOptions {
  readonly nodeId: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly closing: AbortSignal;
  /** The partitions that this broker leads and that are wanted now. */
  readonly wanted: () => readonly Subscription[];
  /** Deals with a failed fetch: finds new leaders, new places. */
  readonly onFailure: (error: unknown, asked: readonly Subscription[], nodeId: number) => Promise<void>;
  readonly onSuccess: () => void;
}

/**
 * Always one fetch parked at one broker, never two: kafkajs would open a second socket and lose the first. What comes is
 * handed on at once, and the next fetch leaves before anybody has worked on it.
 */
export class FetchLoop {
  private wake: () => void = () => undefined;
  private failures = 0;
  readonly ended: Promise<void>;

  constructor(
    private readonly link: ClusterLink,
    private readonly options: FetchLoopOptions,
  ) {
    this.ended = this.run();
  }

  /** Something is wanted that was not. */
  nudge(): void {
    this.wake();
  }

  private async run(): Promise<void> {
    const { closing, wanted } = this.options;
    while (!closing.aborted) {
      const asked = wanted();
      if (asked.length === 0) await this.untilNudged();
      else await this.fetchOnce(asked);
    }
  }

  /** Also wakes for partitions that wait out a failure. */
  private async untilNudged(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.options.maxWaitMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async fetchOnce(asked: readonly Subscription[]): Promise<void> {
    const { nodeId, onFailure, onSuccess, closing } = this.options;
    try {
      const broker = await this.link.broker(nodeId);
      const { responses } = await broker.fetch(this.request(asked));
      this.failures = 0;
      for (const subscription of asked) subscription.failures = 0;
      onSuccess();
      deliver(responses, asked);
    } catch (error) {
      if (closing.aborted) return;
      await sleep(backoffMs(this.failures++), closing);
      if (!closing.aborted) await onFailure(error, asked, nodeId);
    }
  }

  private request(asked: readonly Subscription[]): FetchRequest {
    const { maxWaitMs, maxBytes } = this.options;
    const isTrial = asked.some(({ failures }) => failures > 0);
    const topics = new Map<string, PartitionRequest[]>();
    for (const { topicPartition, next } of asked) {
      const { topic, partition } = topicPartition;
      const partitions = topics.get(topic) ?? [];
      topics.set(topic, partitions);
      const place = partitions.find((known) => known.partition === partition);
      // Several readers of one partition: it is asked for once, from where the last of them stands.
      if (place === undefined) partitions.push({ partition, fetchOffset: String(next), maxBytes });
      else if (next < BigInt(place.fetchOffset)) place.fetchOffset = String(next);
    }
    return {
      maxWaitTime: isTrial ? 0 : maxWaitMs,
      minBytes: MIN_BYTES,
      maxBytes,
      isolationLevel: READ_UNCOMMITTED,
      topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
      rackId: '',
    };
  }
}

interface PartitionRequest {
  readonly partition: number;
  fetchOffset: string;
  readonly maxBytes: number;
}

const deliver = (responses: readonly FetchedTopic[], asked: readonly Subscription[]): void => {
  for (const { topicName, partitions } of responses) {
    for (const { partition, messages } of partitions) {
      if (messages.length === 0) continue;
      for (const subscription of asked) {
        const { topicPartition } = subscription;
        const isOfPartition = topicPartition.partition === partition && topicPartition.topic === topicName;
        if (isOfPartition) subscription.deliver(messages);
      }
    }
  }
};
