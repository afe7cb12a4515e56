/** How fine deadlines are told apart: calls that end within the same tick end together. */
const TICK_MS = 10;

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What ends at a time. The tick is written here so that removing needs no search. */
export interface Due {
  dueTick: number;
}

/**
 * Many deadlines, one timer.
 *
 * Due items stand in one bucket per tick; the timer is set for the earliest tick that has had an item. Adding and removing
 * cost a set operation; nothing runs while no item is there. An item is told at or after its time, at most a tick late.
 */
export class Deadlines<T extends Due> {
  private readonly buckets = new Map<number, Set<T>>();
  private timer: NodeJS.Timeout | undefined;
  private timerTick = Infinity;
  private size = 0;

  constructor(
    private readonly onDue: (item: T) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  add(item: T, delayMs: number): void {
    const tick = Math.ceil((this.now() + delayMs) / TICK_MS);
    item.dueTick = tick;
    const bucket = this.buckets.get(tick);
    if (bucket === undefined) this.buckets.set(tick, new Set([item]));
    else bucket.add(item);
    this.size += 1;
    if (tick < this.timerTick) this.arm(tick);
  }

  remove(item: T): void {
    const bucket = this.buckets.get(item.dueTick);
    if (!bucket?.delete(item)) return;
    if (bucket.size === 0) this.buckets.delete(item.dueTick);
    this.size -= 1;
    if (this.size === 0) this.disarm();
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
    const currentTick = Math.floor(this.now() / TICK_MS);
    this.disarm();
    const dueTicks = [...this.buckets.keys()].filter((tick) => tick <= currentTick).sort((a, b) => a - b);
    for (const tick of dueTicks) this.expireBucket(tick);
    let earliest = Infinity;
    for (const tick of this.buckets.keys()) earliest = Math.min(earliest, tick);
    if (earliest < this.timerTick) this.arm(earliest);
  }

  private expireBucket(tick: number): void {
    const bucket = this.buckets.get(tick);
    if (bucket === undefined) return;
    // One by one, and out of the bucket first: telling one may remove others.
    for (const item of bucket) {
      bucket.delete(item);
      this.size -= 1;
      this.onDue(item);
    }
    this.buckets.delete(tick);
  }
}
