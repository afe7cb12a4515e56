import { Fifo } from '../../wire/fifo.js';
import { LaneGroup } from './lane-group.js';

/** Where work stands while it waits. */
export interface Lanes<T> {
  /** Whether any group has a limit: else nothing need be counted. */
  readonly isLimited: boolean;
  groupOf(work: T): LaneGroup<T>;
  /** Whose work it is: within a group, each owner has its turn. */
  ownerOf(work: T): unknown;
}

/** One lane for all: first in, first out. */
export const oneLane = <T>(): Lanes<T> => {
  const group = new LaneGroup<T>();
  return { isLimited: false, groupOf: () => group, ownerOf: () => undefined };
};

/**
 * Work that is ready: handlers have turns by their priority, and within each its callers one after the other. A group at its limit
 * is passed over, until something of it ends.
 *
 * Cost: constant per piece of work, and nothing is made for one.
 */
export class FairQueue<T> {
  private readonly turns = new Fifo<LaneGroup<T>>();
  private readonly groups = new Set<LaneGroup<T>>();
  private current: LaneGroup<T> | undefined;
  private size = 0;

  constructor(private readonly lanes: Lanes<T>) {}

  get length(): number {
    return this.size;
  }

  /** Whether nothing waits, and nothing is limited: what comes may start at once. */
  get isOpen(): boolean {
    return this.size === 0 && !this.lanes.isLimited;
  }

  /** Whether something of it may start. */
  get hasNext(): boolean {
    return this.size > 0 && this.next() !== undefined;
  }

  push(work: T): void {
    const group = this.lanes.groupOf(work);
    group.push(this.lanes.ownerOf(work), work);
    this.size += 1;
    if (!group.isInTurns) this.enter(group);
  }

  /** The next that may start. What is started of it is told to `started`. */
  shift(): T | undefined {
    const group = this.next();
    if (group === undefined) return undefined;
    this.size -= 1;
    group.turnsLeft -= 1;
    const work = group.shift();
    if (group.turnsLeft === 0) this.passTurn(group);
    return work;
  }

  /** To the others; to itself where there are none. */
  private passTurn(group: LaneGroup<T>): void {
    group.turnsLeft = group.priority;
    if (this.turns.length === 0) return;
    this.current = undefined;
    this.turns.push(group);
  }

  started(work: T): void {
    if (this.lanes.isLimited) this.lanes.groupOf(work).running += 1;
  }

  ended(work: T): void {
    if (!this.lanes.isLimited) return;
    const group = this.lanes.groupOf(work);
    group.running -= 1;
    if (!group.isInTurns && group.mayStart) this.enter(group);
  }

  /** Takes all, each owner's in its order. */
  drain(): T[] {
    const all = [...this.groups].flatMap((group) => group.drain());
    this.size = 0;
    return all;
  }

  private enter(group: LaneGroup<T>): void {
    this.groups.add(group);
    group.isInTurns = true;
    this.turns.push(group);
  }

  /** Who has the turn. Those that have nothing to start leave, and come back when they have. */
  private next(): LaneGroup<T> | undefined {
    for (;;) {
      const { current } = this;
      if (current?.mayStart) return current;
      if (current !== undefined) current.isInTurns = false;
      const group = this.turns.shift();
      this.current = group;
      if (group === undefined) return undefined;
      group.turnsLeft = group.priority;
    }
  }
}
