import { TurnBudget } from '../wire/turn-budget.js';
import { Fifo } from '../wire/fifo.js';
import { FairQueue, oneLane, type Lanes } from './limits/fair-queue.js';

/** A unit of work; those with the same key run one after the other, in the order pushed. */
export interface Work {
  readonly orderKey: string | null;
  /** Whether it ended while it waited: it is not started. `WorkQueue.leave` was called for it. */
  readonly isOver: boolean;
}

export interface WorkQueueOptions<T extends Work> {
  readonly concurrency: number;
  /** Whose turn it is, and what is limited on its own. @default first in, first out */
  readonly lanes?: Lanes<T>;
  /** So many pieces that run on though they are given up hold no place. */
  readonly maxAbandoned?: number;
  /** Called whenever there is less that runs or could run. */
  readonly onLess: () => void;
  /** Starts the work; `done(work)` must be called exactly once, at any time. */
  readonly start: (work: T) => void;
}

/** What ended while it waited is swept out when there is so much of it, and more than of what is wanted: amortized constant. */
const SWEEP_AT = 64;

/** Bounded concurrency with order per key, within a turn's budget. */
export class WorkQueue<T extends Work> {
  private readonly ready: FairQueue<T>;
  /** By key of what runs or could run: what waits behind it, if anything ever did. */
  private readonly busyKeys = new Map<string, Fifo<T> | undefined>();
  /** Runs, and nobody waits for it any more. */
  private readonly abandoned = new Set<T>();
  /** Ended while it waited, and still stands here. */
  private left = 0;
  private running = 0;
  private size = 0;
  private isStopped = false;
  /** Which work is not started for now; undefined, as nearly always, when all may be. */
  private isHeld: ((work: T) => boolean) | undefined;
  private held: T[] = [];
  private isStarting = false;
  private idleWaiters: (() => void)[] = [];
  private readonly budget = new TurnBudget(() => this.startReady(), {
    waiting: () => this.ready.length,
  });

  constructor(private readonly options: WorkQueueOptions<T>) {
    this.ready = new FairQueue(options.lanes ?? oneLane());
  }

  /** Work in hand, running or not. */
  get length(): number {
    return this.size;
  }

  /** Work that runs or could run: not what waits for other work of its key. */
  get runnable(): number {
    return this.running + this.ready.length + this.held.length;
  }

  get runningCount(): number {
    return this.running;
  }

  push(work: T): void {
    this.size += 1;
    const { orderKey } = work;
    if (orderKey !== null && this.busyKeys.has(orderKey)) return this.wait(orderKey, work);
    if (orderKey !== null) this.busyKeys.set(orderKey, undefined);
    if (this.startsAtOnce()) return this.startAtOnce(work);
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
    if (this.left >= SWEEP_AT && this.left > this.size) this.sweep();
    this.options.onLess();
  }

  /** The work runs on though it is given up. Its place goes to another, within `maxAbandoned`; its key does not. */
  abandon(work: T): void {
    this.abandoned.add(work);
    this.startReady();
  }

  /** The work has ended: its place is free, and its key. */
  done(work: T): void {
    this.freePlace(work);
    this.size -= 1;
    if (work.orderKey !== null) this.readyNextOf(work.orderKey);
    this.startReady();
    this.options.onLess();
    this.tellIdle();
  }

  /** The work has ended, and is to run again after a rest: its place goes to another meanwhile, its key does not. */
  rest(work: T): void {
    this.freePlace(work);
    this.startReady();
    this.options.onLess();
    this.tellIdle();
  }

  /** Its rest is over. */
  wake(work: T): void {
    this.ready.push(work);
    this.startReady();
  }

  /** It has ended by itself while it rested. */
  leaveRest(work: T): void {
    this.size -= 1;
    if (work.orderKey !== null) this.readyNextOf(work.orderKey);
    this.startReady();
    this.options.onLess();
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

  private freePlace(work: T): void {
    this.running -= 1;
    this.ready.ended(work);
    if (this.abandoned.size > 0) this.abandoned.delete(work);
  }

  private tellIdle(): void {
    if (this.running > 0) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  /** What was held goes before what came later. */
  private changeHold(isHeld: ((work: T) => boolean) | undefined): void {
    this.isHeld = isHeld;
    const all = [...this.held, ...this.ready.drain()];
    this.held = [];
    for (const work of all) this.ready.push(work);
    this.startReady();
  }

  /** Nothing waits, and nothing is limited: it need not stand in a lane first. */
  private startsAtOnce(): boolean {
    if (this.isStarting || this.isStopped || this.isHeld !== undefined) return false;
    return this.ready.isOpen && this.hasPlace() && this.budget.admits();
  }

  private startAtOnce(work: T): void {
    this.isStarting = true;
    try {
      this.running += 1;
      this.options.start(work);
    } finally {
      this.isStarting = false;
    }
    if (this.ready.length > 0) this.startReady();
  }

  private startReady(): void {
    // Work may be done as soon as it starts: the loop that runs goes on with what that makes ready.
    if (this.isStarting) return;
    this.isStarting = true;
    const { left } = this;
    try {
      while (this.hasRoom() && this.budget.admits()) this.startNext();
    } finally {
      this.isStarting = false;
    }
    if (this.left < left) this.options.onLess();
  }

  private startNext(): void {
    const work = this.ready.shift() as T;
    if (work.isOver) {
      this.passOver(work);
    } else if (this.isHeld?.(work)) {
      this.held.push(work);
    } else {
      this.running += 1;
      this.ready.started(work);
      this.options.start(work);
    }
  }

  private hasRoom(): boolean {
    return !this.isStopped && this.ready.length > 0 && this.hasPlace() && this.ready.hasNext;
  }

  private hasPlace(): boolean {
    const { concurrency, maxAbandoned = 0 } = this.options;
    return this.running - Math.min(this.abandoned.size, maxAbandoned) < concurrency;
  }

  private wait(orderKey: string, work: T): void {
    const others = this.busyKeys.get(orderKey);
    if (others === undefined) this.busyKeys.set(orderKey, new Fifo([work]));
    else others.push(work);
  }

  private passOver(work: T): void {
    this.left -= 1;
    if (work.orderKey !== null) this.readyNextOf(work.orderKey);
  }

  /** What ended while it waited is not kept: with all places taken nothing would pass it over. */
  private sweep(): void {
    const ready = [...this.held, ...this.ready.drain()];
    this.held = [];
    for (const work of ready) {
      if (work.isOver) this.passOver(work);
      else this.ready.push(work);
    }
    for (const waiting of this.busyKeys.values()) {
      for (const work of waiting?.drain() ?? []) {
        if (work.isOver) this.left -= 1;
        else waiting?.push(work);
      }
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
}
