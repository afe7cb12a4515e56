import { TurnBudget } from '../wire/turn-budget.js';

/** A unit of work; those with the same key run one after the other, in the order pushed. */
export interface Work {
  readonly orderKey: string | null;
  /** Whether it ended while it waited: it is not started. `WorkQueue.leave` was called for it. */
  readonly isOver: boolean;
}

export interface WorkQueueOptions<T extends Work> {
  readonly concurrency: number;
  /** So many pieces that run on though they are given up hold no place. */
  readonly maxAbandoned?: number;
  /** Called when `maxQueued` is reached, and once half of it is left. */
  readonly maxQueued: number;
  readonly onFull: () => void;
  readonly onRoom: () => void;
  /** Starts the work; `done(work)` must be called exactly once, at any time. */
  readonly start: (work: T) => void;
}

/** Taken work is let go of in batches of at least so many: amortized, a piece is moved once. */
const COMPACT_AT = 64;

/** Bounded concurrency with order per key, within a turn's budget, and water marks for whoever feeds it. */
export class WorkQueue<T extends Work> {
  private ready: (T | undefined)[] = [];
  private head = 0;
  private readonly busyKeys = new Map<string, T[]>();
  /** Runs, and nobody waits for it any more. */
  private readonly abandoned = new Set<T>();
  /** Ended while it waited, and still stands here. */
  private left = 0;
  private running = 0;
  private size = 0;
  private isFull = false;
  private isStopped = false;
  /** Which work is not started for now; undefined, as nearly always, when all may be. */
  private isHeld: ((work: T) => boolean) | undefined;
  private held: T[] = [];
  private isStarting = false;
  private idleWaiters: (() => void)[] = [];
  private readonly budget = new TurnBudget(() => this.startReady(), {
    waiting: () => this.ready.length - this.head,
  });

  constructor(private readonly options: WorkQueueOptions<T>) {}

  /** Work in hand, running or not. */
  get length(): number {
    return this.size;
  }

  get runningCount(): number {
    return this.running;
  }

  push(work: T): void {
    this.size += 1;
    this.checkFull();
    const waiting = work.orderKey === null ? undefined : this.busyKeys.get(work.orderKey);
    if (waiting !== undefined) {
      waiting.push(work);
      return;
    }
    if (work.orderKey !== null) this.busyKeys.set(work.orderKey, []);
    this.ready.push(work);
    this.startReady();
  }

  get abandonedCount(): number {
    return this.abandoned.size;
  }

  /** Work that was not started has ended by itself. */
  leave(): void {
    this.size -= 1;
    this.left += 1;
    if (this.left >= COMPACT_AT && this.left > this.size) this.sweep();
    this.checkRoom();
  }

  /** The work runs on though it is given up. Its place goes to another, within `maxAbandoned`; its key does not. */
  abandon(work: T): void {
    this.abandoned.add(work);
    this.startReady();
  }

  /** The work has ended: its place is free, and its key. */
  done(work: T): void {
    this.running -= 1;
    if (this.abandoned.size > 0) this.abandoned.delete(work);
    this.size -= 1;
    if (work.orderKey !== null) this.readyNextOf(work.orderKey);
    this.startReady();
    this.checkRoom();
    if (this.running > 0) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  /** Starts nothing of this until `release`; of it again what was held by another rule and is not by this one. */
  hold(isHeld: (work: T) => boolean = () => true): void {
    this.changeHold(isHeld);
  }

  release(): void {
    this.changeHold(undefined);
  }

  /** Nothing is started any more. Resolves when what runs is done. */
  stop(): Promise<void> {
    this.isStopped = true;
    if (this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** What was held goes before what came later. */
  private changeHold(isHeld: ((work: T) => boolean) | undefined): void {
    this.isHeld = isHeld;
    this.ready = [...this.held, ...this.ready.slice(this.head)];
    this.held = [];
    this.head = 0;
    this.startReady();
  }

  private startReady(): void {
    // Work may be done as soon as it starts: the loop that runs goes on with what that makes ready.
    if (this.isStarting) return;
    this.isStarting = true;
    try {
      while (this.hasRoom() && this.budget.admits()) {
        const work = this.takeReady();
        if (work.isOver) this.passOver(work);
        else if (this.isHeld?.(work)) this.held.push(work);
        else {
          this.running += 1;
          this.options.start(work);
        }
      }
    } finally {
      this.isStarting = false;
    }
  }

  private hasRoom(): boolean {
    if (this.isStopped || this.head === this.ready.length) return false;
    const { concurrency, maxAbandoned = 0 } = this.options;
    return this.running - Math.min(this.abandoned.size, maxAbandoned) < concurrency;
  }

  private takeReady(): T {
    const work = this.ready[this.head] as T;
    // Not kept until the next move: finished work would live long enough for the collector to copy it twice.
    this.ready[this.head] = undefined;
    this.head += 1;
    if (this.head >= COMPACT_AT && this.head * 2 >= this.ready.length) {
      this.ready = this.ready.slice(this.head);
      this.head = 0;
    }
    return work;
  }

  private passOver(work: T): void {
    this.left -= 1;
    if (work.orderKey !== null) this.readyNextOf(work.orderKey);
  }

  /** What ended while it waited is not kept: with all places taken nothing would pass it over. */
  private sweep(): void {
    const ready = [...this.held, ...this.ready.slice(this.head)] as T[];
    this.held = [];
    this.head = 0;
    this.ready = [];
    for (const work of ready) {
      if (work.isOver) this.passOver(work);
      else this.ready.push(work);
    }
    for (const waiting of this.busyKeys.values()) {
      const wanted = waiting.filter((work) => !work.isOver);
      this.left -= waiting.length - wanted.length;
      waiting.splice(0, waiting.length, ...wanted);
    }
  }

  private readyNextOf(key: string): void {
    const waiting = this.busyKeys.get(key);
    let next = waiting?.shift();
    while (next?.isOver) {
      this.left -= 1;
      next = waiting?.shift();
    }
    if (next === undefined) this.busyKeys.delete(key);
    else this.ready.push(next);
  }

  private checkFull(): void {
    if (this.isFull || this.size < this.options.maxQueued) return;
    this.isFull = true;
    this.options.onFull();
  }

  private checkRoom(): void {
    if (!this.isFull || this.size > this.options.maxQueued / 2) return;
    this.isFull = false;
    this.options.onRoom();
  }
}
