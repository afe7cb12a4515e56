import type { DriverEvent } from '../driver.js';
import { backoffMs, sleep } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import { DamagedPartitions } from './damaged-partitions.js';
import { FetchLoop } from './fetch-loop.js';
import { errorType, isConnectionFailure, isHopeless, toRpcError } from './kafkajs-errors.js';
import type { PartitionCursor } from './partition-cursor.js';
import { PositionFinder } from './position-finder.js';
import type { TopicChange } from './topic-metadata.js';

export interface FetcherOptions {
  readonly maxWaitMs: number;
  readonly maxFetchBytes: number;
  readonly closing: AbortSignal;
  /** Takes the states of what is read, by a name for each. */
  readonly report: (source: string, event: DriverEvent) => void;
  /** Why a topic that is read is not there any more. */
  readonly whyGone: (topic: string) => Error;
  /** Told each time a broker throttles what is read, for how long. */
  readonly onThrottled?: (throttleMs: number) => void;
}

/** The name under which the fetcher reports how reading is. */
const READING = 'reading';

/** A broker that has just started may not know its topics yet. */
const LOOKS_UNTIL_MISSING = 3;

/** Reads any number of partitions, whoever leads them, with one parked fetch per broker. Never loses its place. */
export class Fetcher {
  private readonly cursors = new Set<PartitionCursor>();
  private readonly loops = new Map<number, FetchLoop>();
  private readonly positions: PositionFinder;
  private readonly damaged: DamagedPartitions;
  private isLookingForLeaders = false;

  constructor(
    private readonly link: ClusterLink,
    private readonly options: FetcherOptions,
  ) {
    this.positions = new PositionFinder(link, (event) => options.report(READING, event));
    this.damaged = new DamagedPartitions(options.report);
    link.onTopicChange((change) => this.onTopicChange(change));
  }

  add(cursor: PartitionCursor): void {
    this.cursors.add(cursor);
    this.startLoops();
  }

  remove(cursor: PartitionCursor): void {
    cursor.isActive = false;
    this.cursors.delete(cursor);
    this.damaged.leave(cursor);
  }

  /** A reader wants to read again. */
  nudge(): void {
    for (const loop of this.loops.values()) loop.nudge();
  }

  /** Resolves when nothing is delivered any more; the connection's closing signal ends the loops. */
  async ended(): Promise<void> {
    this.nudge();
    await Promise.all([...this.loops.values()].map((loop) => loop.ended));
  }

  private startLoops(): void {
    for (const { topicPartition } of this.cursors) {
      const nodeId = this.link.leaderOf(topicPartition);
      if (nodeId === undefined) void this.findLeaders();
      else if (!this.loops.has(nodeId)) this.loops.set(nodeId, this.loop(nodeId));
    }
    this.nudge();
  }

  private loop(nodeId: number): FetchLoop {
    return new FetchLoop(this.link, {
      nodeId,
      maxWaitMs: this.options.maxWaitMs,
      maxBytes: this.options.maxFetchBytes,
      closing: this.options.closing,
      wanted: () => this.wantedOf(nodeId),
      onFailure: (error, asked, failedNode) => this.onFailure(error, asked, failedNode),
      onOtherLeader: (cursor, fetched) => this.positions.check(cursor, fetched),
      onThrottled: this.options.onThrottled,
      onSuccess: () => {
        this.options.report(READING, { type: 'connected' });
        this.damaged.look();
      },
    });
  }

  /** A partition that failed by itself waits out its time apart from the others. */
  private wantedOf(nodeId: number): readonly PartitionCursor[] {
    const now = performance.now();
    return [...this.cursors].filter(
      (cursor) => this.link.leaderOf(cursor.topicPartition) === nodeId && cursor.isWanted(now),
    );
  }

  private async onFailure(error: unknown, failed: readonly PartitionCursor[], nodeId: number): Promise<void> {
    const type = errorType(error);
    if (type === 'OFFSET_OUT_OF_RANGE') return this.positions.find(failed);
    if (isHopeless(error)) {
      this.options.report(READING, { type: 'crashed', error: toRpcError(error, 'read') });
    } else if (isConnectionFailure(error)) {
      this.options.report(READING, { type: 'disconnected', error: error as Error });
    } else for (const cursor of failed) cursor.fail();
    if (type === 'CORRUPT_MESSAGE') for (const cursor of failed) this.damaged.note(cursor, error);
    if (type === 'TOPIC_AUTHORIZATION_FAILED') {
      const topics = new Set(failed.map(({ topicPartition }) => topicPartition.topic));
      for (const topic of topics) this.link.denied({ operation: 'Read', topic, error });
      return;
    }
    await this.link.recover(error, nodeId);
    this.startLoops();
  }

  private onTopicChange({ type, topic }: TopicChange): void {
    if (type === 'recreated') {
      for (const cursor of this.cursors)
        if (cursor.topicPartition.topic === topic) this.positions.restart(cursor);
    }
    // Also for a leader that others have found: who fetches from the one before is asked for nothing more, and would not look.
    this.startLoops();
  }

  /** A partition that nobody leads, or whose topic is gone, has no loop: metadata is asked for until it has. */
  private async findLeaders(): Promise<void> {
    if (this.isLookingForLeaders) return;
    this.isLookingForLeaders = true;
    const { closing } = this.options;
    const missing = new Set<string>();
    for (let attempt = 0; this.leaderless().length > 0 && !closing.aborted; attempt++) {
      await sleep(backoffMs(attempt), closing);
      if (closing.aborted) break;
      await this.link.refresh().catch(() => undefined);
      if (attempt >= LOOKS_UNTIL_MISSING) this.tellOfMissing(missing);
    }
    this.isLookingForLeaders = false;
    if (!closing.aborted) this.startLoops();
  }

  private leaderless(): readonly PartitionCursor[] {
    return [...this.cursors].filter(({ topicPartition }) => this.link.leaderOf(topicPartition) === undefined);
  }

  private tellOfMissing(told: Set<string>): void {
    const missing = new Set(
      this.leaderless()
        .map(({ topicPartition }) => topicPartition.topic)
        .filter((topic) => errorType(this.link.topic(topic)?.error) === 'UNKNOWN_TOPIC_OR_PARTITION'),
    );
    for (const topic of missing) {
      told.add(topic);
      this.options.report(`topic ${topic}`, { type: 'crashed', error: this.options.whyGone(topic) });
    }
    for (const topic of told) {
      if (missing.has(topic)) continue;
      told.delete(topic);
      this.options.report(`topic ${topic}`, { type: 'connected' });
    }
  }
}
