import type { DriverEvent } from '../driver.js';
import type { ClusterLink } from './cluster-link.js';
import { FetchLoop } from './fetch-loop.js';
import { errorType, isConnectionFailure } from './kafkajs-errors.js';
import { logEnd, logStart } from './log-offsets.js';
import type { PartitionCursor } from './partition-cursor.js';

export interface FetcherOptions {
  readonly maxWaitMs: number;
  readonly maxFetchBytes: number;
  readonly closing: AbortSignal;
  readonly onEvent: (event: DriverEvent) => void;
}

/** Reads any number of partitions, whoever leads them, with one parked fetch per broker. Never loses its place. */
export class Fetcher {
  private readonly cursors = new Set<PartitionCursor>();
  private readonly loops = new Map<number, FetchLoop>();
  private isConnected = true;

  constructor(
    private readonly link: ClusterLink,
    private readonly options: FetcherOptions,
  ) {}

  add(cursor: PartitionCursor): void {
    this.cursors.add(cursor);
    this.startLoops();
  }

  remove(cursor: PartitionCursor): void {
    cursor.isActive = false;
    this.cursors.delete(cursor);
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
      if (nodeId !== undefined && !this.loops.has(nodeId)) this.loops.set(nodeId, this.loop(nodeId));
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
      onSuccess: () => this.setConnected(true),
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
    if (errorType(error) === 'OFFSET_OUT_OF_RANGE') return this.findPositions(failed);
    if (isConnectionFailure(error)) this.setConnected(false, error as Error);
    else for (const cursor of failed) cursor.fail();
    await this.link.recover(error, nodeId);
    this.startLoops();
  }

  /** The log is not where we stood: retention overtook us, or the topic was truncated or made anew. */
  private async findPositions(asked: readonly PartitionCursor[]): Promise<void> {
    for (const cursor of asked) {
      try {
        await this.findPosition(cursor);
      } catch (error) {
        await this.link.recover(error);
      }
    }
  }

  private async findPosition(cursor: PartitionCursor): Promise<void> {
    const { topicPartition, next } = cursor;
    const start = await logStart(this.link, topicPartition);
    const end = await logEnd(this.link, topicPartition);
    if (next >= start && next <= end) return;
    const place = next < start ? start : end;
    const reason = next < start ? 'retention' : 'truncated';
    cursor.next = place;
    this.options.onEvent({ type: 'position-lost', ...topicPartition, from: next, to: place, reason });
  }

  private setConnected(isConnected: boolean, error?: Error): void {
    if (isConnected === this.isConnected) return;
    this.isConnected = isConnected;
    this.options.onEvent(isConnected ? { type: 'connected' } : { type: 'disconnected', error });
  }
}
