import type { TopicPartition } from '../driver/record.js';
import { waitAtMost } from '../wire/wait-at-most.js';
import type { IncomingCall } from './incoming-call.js';
import { startedAreFinished } from './unfinished-calls.js';

/** Of the time that a rebalance gives, so much is for running handlers; the rest is for the commit behind them. */
const SHARE_OF_HANDLERS = 0.5;

/** Where calls wait to be started. */
export interface HoldableQueue {
  /** Starts none of these; what was held before and is not any more is started. */
  hold(isHeld: (call: IncomingCall) => boolean): void;
  /** Holds nothing any more. */
  release(): void;
}

/**
 * The rules of a rebalance for calls in hand. Those of partitions that stay never notice it.
 *
 *     about to move   → its calls are held; what runs gets its time to be finished
 *     stays after all → its calls go on
 *     gone            → calls that were not started are dropped: the next owner reads them; what runs may run again there
 */
export class PartitionMoves {
  private readonly moving = new Set<string>();

  constructor(
    private readonly queue: HoldableQueue,
    private readonly openCalls: () => Iterable<IncomingCall>,
  ) {}

  /** Resolves when what runs is finished, or has had its part of the time. */
  async begin(partitions: readonly TopicPartition[], limitMs: number): Promise<void> {
    for (const partition of partitions) this.moving.add(nameOf(partition));
    this.holdMoving();
    await waitAtMost(startedAreFinished(this.callsOf(partitions)), limitMs * SHARE_OF_HANDLERS);
  }

  stay(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.moving.delete(nameOf(partition));
    this.holdMoving();
  }

  leave(partitions: readonly TopicPartition[]): void {
    for (const call of this.callsOf(partitions)) call.drop();
    // What was dropped goes through the queue all the same, and frees its place there.
    this.stay(partitions);
  }

  private holdMoving(): void {
    if (this.moving.size === 0) this.queue.release();
    else this.queue.hold((call) => this.moving.has(nameOf(call.origin.record)));
  }

  private callsOf(partitions: readonly TopicPartition[]): IncomingCall[] {
    const names = new Set(partitions.map(nameOf));
    return [...this.openCalls()].filter(({ origin }) => names.has(nameOf(origin.record)));
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
