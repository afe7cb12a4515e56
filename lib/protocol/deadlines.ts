import { Numbered, NumberTable } from './number-table.js';

/** How fine deadlines are told apart: calls that end within the same tick end together. */
const TICK_MS = 10;

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A timer that is later than this was kept by a process, or an event loop, that stood still. */
const STOOD_STILL_MS = 250;

/** What ends at a time. Its place among the others is kept in itself: waiting takes no memory beside it. */
export abstract class Due extends Numbered {
  /** These three are written by `Deadlines` alone. */
  dueTick = 0;
  dueBefore: Due | undefined = undefined;
  dueAfter: Due | undefined = undefined;

  /** When it is told, at the earliest, on the clock of its `Deadlines`. */
  get dueAtMs(): number {
    return this.dueTick * TICK_MS;
  }

  /** The time for which it was added, at the earliest: it is told up to a tick after that. */
  get notDueBeforeMs(): number {
    return (this.dueTick - 1) * TICK_MS;
  }
}

/** All that is due in one tick: the anchor of a ring. */
class Bucket extends Due {
  override dueBefore: Due = this;
  override dueAfter: Due = this;

  get isEmpty(): boolean {
    return this.dueAfter === this;
  }

  append(item: Due): void {
    item.dueBefore = this.dueBefore;
    item.dueAfter = this;
    this.dueBefore.dueAfter = item;
    this.dueBefore = item;
  }

  /** @returns what stood behind the item; undefined for one that stands in no ring. */
  static unlink(item: Due): Due | undefined {
    const { dueBefore, dueAfter } = item;
    if (dueBefore === undefined || dueAfter === undefined) return undefined;
    dueBefore.dueAfter = dueAfter;
    dueAfter.dueBefore = dueBefore;
    item.dueBefore = undefined;
    item.dueAfter = undefined;
    return dueAfter;
  }
}

/**
 * Many deadlines, one timer.
 *
 * Due items stand in one bucket per tick; the timer is set for the earliest tick that has had an item. Adding and removing
 * take no memory and no search; nothing runs while no item is there. An item is told at or after its time, at most a tick late.
 * One whose telling throws keeps no other from being told.
 */
export class Deadlines<T extends Due> {
  private readonly buckets = new NumberTable<Bucket>();
  private timer: NodeJS.Timeout | undefined;
  private timerTick = Infinity;
  private size = 0;
  /** While what came in the meantime is read. */
  private isCatchingUp = false;

  /**
   * @param catchUpMs what is due when the process has stood still waits for so long, or a quarter of that time if it is less, once: what came in time may stand in a socket,
   * and timers run before that is read
   */
  constructor(
    private readonly onDue: (item: T) => void,
    private readonly now: () => number = () => performance.now(),
    private readonly catchUpMs = 0,
  ) {}

  /** @param nowMs from when on the delay counts, for who knows it already */
  add(item: T, delayMs: number, nowMs = this.now()): void {
    const tick = Math.ceil((nowMs + delayMs) / TICK_MS);
    item.dueTick = tick;
    this.bucketOf(tick).append(item);
    this.size += 1;
    if (tick < this.timerTick) this.arm(tick);
  }

  remove(item: T): void {
    const behind = Bucket.unlink(item);
    if (behind === undefined) return;
    // Alone in its ring is only a bucket, though perhaps one that is being told of and was taken out already.
    const isLast = behind.dueAfter === behind;
    if (isLast && this.buckets.get(item.dueTick) === behind) this.buckets.delete(item.dueTick);
    this.size -= 1;
    if (this.size === 0) this.disarm();
  }

  private bucketOf(tick: number): Bucket {
    const known = this.buckets.get(tick);
    if (known !== undefined) return known;
    const bucket = new Bucket();
    this.buckets.set(tick, bucket);
    return bucket;
  }

  private arm(tick: number): void {
    clearTimeout(this.timer);
    this.timerTick = tick;
    const delayMs = Math.max(0, tick * TICK_MS - this.now());
    this.timer = setTimeout(() => this.expire(), Math.min(delayMs, LONGEST_TIMER_MS));
  }

  private disarm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.timerTick = Infinity;
  }

  private expire(): void {
    const nowMs = this.now();
    if (this.mustCatchUp(nowMs)) return;
    const currentTick = Math.floor(nowMs / TICK_MS);
    this.disarm();
    const thrown: unknown[] = [];
    for (const tick of this.dueTicks(currentTick)) this.expireBucket(tick, thrown);
    const earliest = this.earliestTick();
    if (earliest < this.timerTick) this.arm(earliest);
    if (thrown.length > 0) throw thrown[0];
  }

  private mustCatchUp(nowMs: number): boolean {
    const lateMs = nowMs - this.timerTick * TICK_MS;
    this.isCatchingUp = lateMs > STOOD_STILL_MS && !this.isCatchingUp && this.catchUpMs > 0;
    // A loop that a busy machine holds up is no longer held up by this than by a quarter.
    const forMs = Math.min(this.catchUpMs, lateMs / 4);
    if (this.isCatchingUp) this.timer = setTimeout(() => this.expire(), forMs);
    return this.isCatchingUp;
  }

  /** Those that have items and are due, earliest first. Sorted are these alone: there may be thousands of others, each tick again. */
  private dueTicks(currentTick: number): number[] {
    const due: number[] = [];
    for (const { tableNumber } of this.buckets.values())
      if (tableNumber <= currentTick) due.push(tableNumber);
    return due.sort((a, b) => a - b);
  }

  private earliestTick(): number {
    let earliest = Infinity;
    for (const { tableNumber } of this.buckets.values()) earliest = Math.min(earliest, tableNumber);
    return earliest;
  }

  private expireBucket(tick: number, thrown: unknown[]): void {
    const bucket = this.buckets.get(tick);
    if (bucket === undefined) return;
    this.buckets.delete(tick);
    // One by one, and out of the bucket first: telling one may remove others.
    while (!bucket.isEmpty) {
      const item = bucket.dueAfter as T;
      Bucket.unlink(item);
      this.size -= 1;
      try {
        this.onDue(item);
      } catch (error) {
        thrown.push(error);
      }
    }
  }
}
