import type { OffsetTracker } from './offset-tracker.js';
import type { TrackedRecord } from './tracked-record.js';

/** Whoever reads a partition, and commits what is finished of it. */
export interface PartitionReading {
  pause(): void;
  resume(): void;
  /** More of it may be committed. */
  onProgress(): void;
}

/** What a server has in hand of one partition, from its assignment until it is lost. */
export class PartitionShare {
  /** Of records that were let in and are not finished. */
  heldBytes = 0;
  /** Records on their way through the wire stages. */
  opening = 0;
  private isPaused = false;
  private closed = false;

  constructor(
    private currentTracker: OffsetTracker,
    private readonly reading: PartitionReading,
  ) {}

  get tracker(): OffsetTracker {
    return this.currentTracker;
  }

  /** Whether the partition, or its log, is not ours any more: what was read of it and not begun is to be dropped. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Nothing in the record needs work any more. */
  finish(record: TrackedRecord): void {
    const { tracker } = record;
    if (tracker.finish(record) && tracker === this.currentTracker && !this.closed) this.reading.onProgress();
  }

  /** The log is another: what is in hand of the old one is finished for its callers, and not committed. */
  follow(tracker: OffsetTracker): void {
    this.currentTracker = tracker;
  }

  pause(): void {
    if (this.isPaused || this.closed) return;
    this.isPaused = true;
    this.reading.pause();
  }

  resume(): void {
    if (!this.isPaused || this.closed) return;
    this.isPaused = false;
    this.reading.resume();
  }

  close(): void {
    this.closed = true;
  }
}
