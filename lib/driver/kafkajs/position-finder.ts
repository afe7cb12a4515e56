import type { DriverEvent, PositionLossReason } from '../driver.js';
import type { TopicPartition } from '../record.js';
import type { ClusterLink } from './cluster-link.js';
import { epochEnd, logEnd, logStart } from './log-offsets.js';
import type { Fetched, PartitionCursor } from './partition-cursor.js';

/** Where a log that was made anew starts; where it does not any more, the broker says so at the first fetch. */
const FIRST_OFFSET = 0n;

/** Where reading goes on when the log is not what it was: at the start of what is new, so that nothing is left out. */
export class PositionFinder {
  constructor(
    private readonly link: ClusterLink,
    private readonly onEvent: (event: DriverEvent) => void,
  ) {}

  /** The topic was deleted and made anew: no record of it was read yet, wherever we stand. */
  restart(cursor: PartitionCursor): void {
    this.move(cursor, FIRST_OFFSET, 'recreated');
  }

  /** The broker has no such offset. What cannot be found now is asked for again with the next fetch. */
  async find(cursors: readonly PartitionCursor[]): Promise<void> {
    // A topic that was made anew is known by its id.
    await this.link.refresh().catch(() => undefined);
    for (const cursor of cursors) {
      try {
        await this.findOne(cursor);
      } catch (error) {
        cursor.fail();
        await this.link.recover(error);
      }
    }
  }

  /**
   * Another leader goes on where we stand. It may have had fewer records than were read, and more by now (KIP-320): what was
   * fetched is handed on only if its log is the one that was read.
   */
  async check(cursor: PartitionCursor, fetched: Fetched): Promise<void> {
    const { topicPartition, next, leaderEpoch } = cursor;
    try {
      const fork = await epochEnd(this.link, topicPartition, leaderEpoch);
      if (fork >= next) return cursor.succeed(fetched);
      const start = await logStart(this.link, topicPartition);
      if (cursor.next === next) this.move(cursor, fork < start ? start : fork, 'truncated');
    } catch (error) {
      cursor.fail();
      await this.link.recover(error);
    }
  }

  private async findOne(cursor: PartitionCursor): Promise<void> {
    const { topicPartition, next } = cursor;
    const start = await logStart(this.link, topicPartition);
    const end = await logEnd(this.link, topicPartition);
    if (cursor.next !== next || (next >= start && next <= end)) return;
    if (next < start) return this.move(cursor, start, 'retention');
    const fork = await this.forkOf(cursor, { start, end });
    if (cursor.next === next) this.move(cursor, fork, 'truncated');
  }

  /** Behind the last record that we and the new leader have both had; the start of the log when that cannot be told. */
  private async forkOf(
    { topicPartition, leaderEpoch }: PartitionCursor,
    { start, end }: { readonly start: bigint; readonly end: bigint },
  ): Promise<bigint> {
    if (leaderEpoch < 0 || !this.hasId(topicPartition)) return start;
    const fork = await epochEnd(this.link, topicPartition, leaderEpoch);
    return fork < start ? start : fork > end ? end : fork;
  }

  /** Without ids of topics, one that was made anew cannot be told from one that was truncated. */
  private hasId({ topic }: TopicPartition): boolean {
    return this.link.topic(topic)?.id !== undefined;
  }

  private move(cursor: PartitionCursor, to: bigint, reason: PositionLossReason): void {
    const { topicPartition, next: from } = cursor;
    if (!cursor.isActive || (from === to && reason === 'recreated')) return;
    cursor.moveTo(to);
    this.onEvent({ type: 'position-lost', ...topicPartition, from, to, reason });
  }
}
