import type { CallMarks } from './call-marks.js';

/** Records that are all finished, where there are any at these offsets. */
export interface FinishedRun {
  readonly from: bigint;
  /** Behind the last. */
  readonly to: bigint;
}

/** A record, by where it stands and when it was appended. */
export interface RecordMark {
  readonly offset: bigint;
  readonly timestampMs: number;
}

export interface FinishedMapParts {
  /** In the order of their offsets, none touching the next. */
  readonly runs: readonly FinishedRun[];
  /** Of records outside of the runs: the calls that are finished. */
  readonly partial: ReadonlyMap<bigint, CallMarks>;
  /** When the last of all these records was appended. */
  readonly latestMs: number;
  /** The first record at or behind the commit, which is not finished; undefined when it was not read yet. */
  readonly anchor: RecordMark | undefined;
}

/** What a map knows of one record: all of it is finished, or some of its calls. */
export type Known = 'finished' | CallMarks;

/**
 * What is finished of a partition above its commit.
 *
 * It holds for the log that it was made of, and for no other one at the same place: the first record must be the one that it
 * was, and none may be younger than the map.
 */
export class FinishedMap implements FinishedMapParts {
  readonly runs: readonly FinishedRun[];
  readonly partial: ReadonlyMap<bigint, CallMarks>;
  readonly latestMs: number;
  readonly anchor: RecordMark | undefined;
  /** Nothing is known from here on. */
  readonly end: bigint;

  constructor({ runs, partial, latestMs, anchor }: FinishedMapParts) {
    this.runs = runs;
    this.partial = partial;
    this.latestMs = latestMs;
    this.anchor = anchor;
    let end = runs.at(-1)?.to ?? 0n;
    for (const offset of partial.keys()) if (offset >= end) end = offset + 1n;
    this.end = end;
  }

  get isEmpty(): boolean {
    return this.runs.length === 0 && this.partial.size === 0;
  }

  /** Whether the first record that was read at or behind the commit is the one that the map was made of. */
  beginsWith({ offset, timestampMs }: RecordMark): boolean {
    const { anchor } = this;
    return anchor === undefined || (anchor.offset === offset && anchor.timestampMs === timestampMs);
  }

  /** Whether the record can be one that the map was made of. */
  covers({ offset, timestampMs }: RecordMark): boolean {
    return offset >= this.end || timestampMs <= this.latestMs;
  }

  find(offset: bigint): Known | undefined {
    const run = this.runs[this.indexOf(offset)];
    if (run !== undefined && run.from <= offset) return 'finished';
    return this.partial.get(offset);
  }

  /** What it knows of records behind an offset. */
  above(offset: bigint): FinishedMap {
    const from = offset + 1n;
    const runs = this.runs.slice(this.indexOf(from));
    const [first] = runs;
    if (first !== undefined && first.from < from) runs[0] = { from, to: first.to };
    const partial = new Map([...this.partial].filter(([at]) => at >= from));
    return new FinishedMap({ runs, partial, latestMs: this.latestMs, anchor: undefined });
  }

  /** What either knows; the anchor is this one's. */
  with(other: FinishedMap): FinishedMap {
    if (other.isEmpty) return this;
    const runs = joined([...this.runs, ...other.runs]);
    const ofRuns = new FinishedMap({ runs, partial: NONE, latestMs: 0, anchor: undefined });
    const partial = new Map<bigint, CallMarks>();
    for (const [offset, marks] of [...this.partial, ...other.partial]) {
      if (ofRuns.find(offset) === undefined) partial.set(offset, marks.with(partial.get(offset)));
    }
    const latestMs = Math.max(this.latestMs, other.latestMs);
    return new FinishedMap({ runs, partial, latestMs, anchor: this.anchor });
  }

  /** Of the first run that ends behind the offset. */
  private indexOf(offset: bigint): number {
    let [low, high] = [0, this.runs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.runs[middle] as FinishedRun).to <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const NONE: ReadonlyMap<bigint, CallMarks> = new Map();

/** In their order, those that touch as one. */
const joined = (runs: readonly FinishedRun[]): FinishedRun[] => {
  const result: FinishedRun[] = [];
  for (const run of [...runs].sort((one, other) => (one.from < other.from ? -1 : 1))) {
    const last = result.at(-1);
    if (last === undefined || run.from > last.to) result.push(run);
    else if (run.to > last.to) result[result.length - 1] = { from: last.from, to: run.to };
  }
  return result;
};
