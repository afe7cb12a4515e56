import type { TopicPartition } from '../record.js';
import { backoffMs, sleep } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import { fetchRequest, type FetchedPartition, type FetchPlace } from './requests/fetch.js';
import type { PartitionCursor } from './partition-cursor.js';

/** So much is still single calls, not load: less than what one turn of the other side makes of many small ones. */
const FEW_RECORDS = 4;
const FEW_BYTES = 8 * 1024;

export interface FetchLoopOptions {
  readonly nodeId: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly closing: AbortSignal;
  /** The partitions that this broker leads and that are wanted now. */
  readonly wanted: () => readonly PartitionCursor[];
  /** Deals with a failed fetch: finds new leaders, new places. */
  readonly onFailure: (error: unknown, asked: readonly PartitionCursor[], nodeId: number) => Promise<void>;
  /** Hands on what another leader wrote behind what was read, or finds where to read on. */
  readonly onOtherLeader: (cursor: PartitionCursor, fetched: FetchedPartition) => Promise<void>;
  readonly onSuccess: () => void;
  /** Told each time the broker throttles, for how long. */
  readonly onThrottled?: (throttleMs: number) => void;
}

/**
 * Always one fetch parked at one broker, never two: kafkajs would open a second socket and lose the first. What comes is
 * handed on at once. Under load the next fetch leaves before anybody has worked on it.
 */
export class FetchLoop {
  private wake: () => void = () => undefined;
  private failures = 0;
  private rotation = 0;
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

  private async fetchOnce(asked: readonly PartitionCursor[]): Promise<void> {
    const { nodeId, onFailure, onSuccess, closing } = this.options;
    try {
      const fetched = await this.link.send(nodeId, fetchRequest(this.places(asked), this.options));
      this.failures = 0;
      onSuccess();
      await this.take(fetched, asked);
    } catch (error) {
      if (closing.aborted) return;
      await sleep(backoffMs(this.failures++), closing);
      if (!closing.aborted) await onFailure(error, asked, nodeId);
    }
  }

  private async take(fetched: readonly FetchedPartition[], asked: readonly PartitionCursor[]): Promise<void> {
    const readersOf = (partition: FetchedPartition): readonly PartitionCursor[] =>
      asked.filter(({ topicPartition }) => isSame(topicPartition, partition));
    const changed: { readonly reader: PartitionCursor; readonly partition: FetchedPartition }[] = [];
    for (const partition of fetched) {
      if (partition.error !== undefined) continue;
      for (const reader of readersOf(partition))
        if (!reader.isCredible(partition)) continue;
        else if (reader.isOfOtherLeader(partition)) changed.push({ reader, partition });
        else reader.succeed(partition);
    }
    // Behind what was brought: to deal with these takes requests of their own.
    for (const { reader, partition } of changed) await this.options.onOtherLeader(reader, partition);
    for (const partition of fetched) {
      if (partition.error === undefined) continue;
      await this.options.onFailure(partition.error, readersOf(partition), this.options.nodeId);
    }
    if (isLittle(fetched)) await turnsEnd();
  }

  /** One place each, from where the last of its readers stands. Each time another is first: the broker fills in this order. */
  private places(asked: readonly PartitionCursor[]): readonly FetchPlace[] {
    const places: FetchPlace[] = [];
    this.rotation = (this.rotation + 1) % asked.length;
    for (let i = 0; i < asked.length; i++) {
      const { topicPartition, next } = asked[(this.rotation + i) % asked.length] as PartitionCursor;
      const { topic, partition } = topicPartition;
      const known = places.findIndex((place) => isSame(place, topicPartition));
      if (known < 0) places.push({ topic, partition, offset: next });
      else if (next < (places[known] as FetchPlace).offset)
        places[known] = { topic, partition, offset: next };
    }
    return places;
  }
}

const isLittle = (fetched: readonly FetchedPartition[]): boolean => {
  let records = 0;
  let bytes = 0;
  for (const partition of fetched) {
    records += partition.records.length;
    for (const { value } of partition.records) bytes += value?.length ?? 0;
  }
  return records > 0 && records <= FEW_RECORDS && bytes <= FEW_BYTES;
};

const isSame = (one: TopicPartition, other: TopicPartition): boolean =>
  one.partition === other.partition && one.topic === other.topic;

/**
 * Resolves when what this turn of the event loop brought has been worked on and has left. When it was little, somebody
 * waits for each call, and a write costs more than all else that is done for a call: the answer goes before the next fetch.
 */
const turnsEnd = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
