import { Fifo } from '../../wire/fifo.js';

/** Work of one owner that waits for its turn. */
export class Lane<T> extends Fifo<T> {
  owner: unknown = undefined;
  /** Whose turn is next, in the ring of those that have work. */
  after: Lane<T> = this;
}

/** So many empty lanes are kept for the next owners. */
const MAX_SPARE = 64;

/**
 * The work of one handler, by owner: one owner after the other has its turn, however much of one waits.
 *
 * Cost: a lane exists while something waits in it; taking and leaving one makes nothing new, but for the first of so many at once.
 */
export class LaneGroup<T> {
  running = 0;
  /** Whether it waits for the turn of its group, or has it. Written by the queue. */
  isInTurns = false;
  turnsLeft = 0;
  private readonly lanes = new Map<unknown, Lane<T>>();
  /** Of the ring of lanes with work, the one whose turn was last. */
  private tail: Lane<T> | undefined;
  private readonly spare: Lane<T>[] = [];
  /** Calls come in records of one caller. */
  private last: Lane<T> | undefined;

  constructor(
    /** How much of it may run at once. */
    readonly limit = Infinity,
    /** How many turns it has in a row. */
    readonly priority = 1,
  ) {}

  get mayStart(): boolean {
    return this.running < this.limit && this.tail !== undefined;
  }

  push(owner: unknown, work: T): void {
    const { last } = this;
    const lane = last !== undefined && last.owner === owner ? last : this.laneOf(owner);
    this.last = lane;
    lane.push(work);
    if (lane.length === 1) this.join(lane);
  }

  shift(): T | undefined {
    const { tail } = this;
    if (tail === undefined) return undefined;
    const lane = tail.after;
    const work = lane.shift();
    if (lane.length > 0) this.tail = lane;
    else this.leave(tail, lane);
    return work;
  }

  drain(): T[] {
    const all: T[] = [];
    for (let { tail } = this; tail !== undefined; { tail } = this) {
      all.push(...tail.after.drain());
      this.leave(tail, tail.after);
    }
    return all;
  }

  private join(lane: Lane<T>): void {
    const { tail = lane } = this;
    lane.after = tail.after;
    tail.after = lane;
    this.tail = lane;
  }

  /** It has no work any more. @param before stands before it in the ring */
  private leave(before: Lane<T>, lane: Lane<T>): void {
    if (before === lane) this.tail = undefined;
    else before.after = lane.after;
    lane.after = lane;
    this.empty(lane);
  }

  private laneOf(owner: unknown): Lane<T> {
    const known = this.lanes.get(owner);
    if (known !== undefined) return known;
    const lane = this.spare.pop() ?? new Lane<T>();
    lane.owner = owner;
    this.lanes.set(owner, lane);
    return lane;
  }

  private empty(lane: Lane<T>): void {
    this.lanes.delete(lane.owner);
    if (this.last === lane) this.last = undefined;
    lane.owner = undefined;
    if (this.spare.length < MAX_SPARE) this.spare.push(lane);
  }
}
