import { CallMarks } from './call-marks.js';
import type { RecordMark } from './finished-map.js';

/** Who is told when a record, or a call of it, is finished. @returns whether there is more to commit. */
export interface RecordTracker {
  finish(record: TrackedRecord): boolean;
  marked(): boolean;
}

/** What is known of a record from before it was read now. */
export interface FormerRecord {
  /** Its calls that were finished, by what a commit said. */
  readonly marks?: CallMarks;
  /** The record as it is, or was, in hand here when its partition was ours before. */
  readonly record?: TrackedRecord;
}

/** A record in hand. Told when its calls are finished, one after the other, and when all are. */
export class TrackedRecord implements RecordMark {
  isFinished = false;
  /** Whether its calls were taken out of it: before, nothing of it can have been run since it was read. */
  isOpened = false;
  /** Its neighbours among those that are not finished. */
  previous: TrackedRecord | undefined;
  next: TrackedRecord | undefined;
  /** The offset of the record that was read before it. */
  before = -1n;
  private marks: CallMarks | undefined;
  /** Calls that the next commit is to name as finished; undefined for none, as nearly always. */
  private pledged: Set<number> | undefined = undefined;
  private calls = 1;

  constructor(
    readonly tracker: RecordTracker,
    readonly offset: bigint,
    readonly timestampMs: number,
    private former: FormerRecord = NOTHING,
  ) {}

  /** The record as its next reader here is to find it; undefined when nothing of it was run here. */
  get asLeft(): TrackedRecord | undefined {
    return this.isFinished || this.isOpened ? this : this.former.record;
  }

  /** Whether it was finished where it was read before. */
  get wasFinished(): boolean {
    return this.former.record?.isFinished ?? false;
  }

  /** Its calls that are finished for the broker, if that takes the next commit; undefined for none. */
  get committableCalls(): CallMarks | undefined {
    if (this.pledged === undefined || this.pledged.size === 0) return this.finishedCalls;
    const marks = new CallMarks(this.calls);
    for (const index of this.pledged) marks.add(index);
    return marks.with(this.finishedCalls);
  }

  /** Its calls that are finished; undefined for none. */
  get finishedCalls(): CallMarks | undefined {
    if (this.isOpened) return this.marks;
    const { marks, record } = this.former;
    const ofRecord = record?.finishedCalls;
    return marks === undefined ? ofRecord : marks.with(ofRecord);
  }

  /** Its calls are taken out of it. @param calls how many places it has for them */
  open(calls: number): void {
    this.isOpened = true;
    this.calls = calls;
    // What it says of its own former is said when it has been opened.
    if (this.former.record !== undefined) this.former.record.former = NOTHING;
  }

  /** Whether a call was finished before the record was read now. @param index its place in the record */
  wasRun(index: number): boolean {
    const { marks, record } = this.former;
    if (marks?.has(index)) return true;
    return record !== undefined && (record.isFinished || record.hasFinished(index));
  }

  /** The call is finished. @returns whether that is new. */
  mark(index: number): boolean {
    this.marks ??= new CallMarks(this.calls);
    return this.marks.add(index);
  }

  pledge(index: number): void {
    (this.pledged ??= new Set()).add(index);
  }

  unpledge(index: number): void {
    this.pledged?.delete(index);
  }

  private hasFinished(index: number): boolean {
    return this.marks?.has(index) ?? false;
  }
}

const NOTHING: FormerRecord = Object.freeze({});
