import { NumberSet } from '../protocol/number-set.js';

/** Who is told when a record is finished. @returns whether more may be committed. */
export interface RecordTracker {
  finish(record: TrackedRecord): boolean;
}

/** A record in hand. Told when the last of its calls is finished. */
export class TrackedRecord {
  isFinished = false;
  /** Whether its calls were taken out of it: before, nothing of it can have been run. */
  isOpened = false;
  private dropped: number[] | undefined;
  private droppedSet: NumberSet | undefined;

  /** @param former this record as it was left here, when its partition was ours before */
  constructor(
    readonly tracker: RecordTracker,
    readonly offset: bigint,
    readonly timestampMs: number,
    private former?: TrackedRecord,
  ) {
    // What it says of its own former is said.
    if (former !== undefined) former.former = undefined;
  }

  /** The record as its next reader is to find it; undefined when nothing of it was run. */
  get asLeft(): TrackedRecord | undefined {
    return this.isFinished || this.isOpened ? this : this.former;
  }

  /** The call was not run, and is the next owner's. */
  drop(seq: number): void {
    (this.dropped ??= []).push(seq);
    this.droppedSet = undefined;
  }

  /** Whether the call was run, or is running, since the record was read here before. */
  wasRun(seq: number): boolean {
    if (this.former === undefined) return false;
    return !this.former.isDropped(seq);
  }

  private isDropped(seq: number): boolean {
    if (this.dropped === undefined) return false;
    this.droppedSet ??= new NumberSet(this.dropped);
    return this.droppedSet.has(seq);
  }
}
