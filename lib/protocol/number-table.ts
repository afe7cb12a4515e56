/** What stands in a table, in one at a time. Its number and its neighbour are kept in itself; `NumberTable` alone writes them. */
export abstract class Numbered {
  tableNumber = 0;
  tableNext: Numbered | undefined = undefined;
}

const FEWEST_SLOTS = 16;

/** So few items per slot make a table smaller that has more slots than these: calls come and go in batches of hundreds. */
const SPARSE = 1 / 8;
const KEPT_SLOTS = 1_024;

/**
 * Items by number, for those that come and go thousands of times a second: a hash table chained through its items.
 *
 * A `Map` makes its insides anew every few entries, and V8 ties the old ones to the new: once one of them has become old, all
 * that follow become old, with what stood in them, and wait for a full collection (docs/performance.md). Numbers that follow each
 * other, as those of calls do, fall on slots of their own.
 *
 * Cost: no memory beside the items but a pointer for each slot.
 */
export class NumberTable<T extends Numbered> {
  private slots: (Numbered | undefined)[] = emptySlots(FEWEST_SLOTS);
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(number: number): T | undefined {
    let item = this.slots[this.slotOf(number)];
    while (item !== undefined && item.tableNumber !== number) item = item.tableNext;
    return item as T | undefined;
  }

  /** @param number an integer that no item of this table has */
  set(number: number, item: T): void {
    if (this.count === this.slots.length) this.resize(this.slots.length * 2);
    item.tableNumber = number;
    this.link(item);
    this.count += 1;
  }

  /** @returns whether there was an item. */
  delete(number: number): boolean {
    const slot = this.slotOf(number);
    let before: Numbered | undefined;
    for (let item = this.slots[slot]; item !== undefined; before = item, item = item.tableNext) {
      if (item.tableNumber !== number) continue;
      if (before === undefined) this.slots[slot] = item.tableNext;
      else before.tableNext = item.tableNext;
      item.tableNext = undefined;
      this.count -= 1;
      this.shrink();
      return true;
    }
    return false;
  }

  /** All items of this moment, in no order. */
  values(): T[] {
    const items: Numbered[] = [];
    for (const first of this.slots) {
      for (let item = first; item !== undefined; item = item.tableNext) items.push(item);
    }
    return items as T[];
  }

  private slotOf(number: number): number {
    return number & (this.slots.length - 1);
  }

  private link(item: Numbered): void {
    const slot = this.slotOf(item.tableNumber);
    item.tableNext = this.slots[slot];
    this.slots[slot] = item;
  }

  private shrink(): void {
    const { length } = this.slots;
    if (length > KEPT_SLOTS && this.count < length * SPARSE) this.resize(length / 2);
  }

  private resize(slots: number): void {
    const items = this.values();
    this.slots = emptySlots(slots);
    for (const item of items) this.link(item);
  }
}

/** Filled, so that V8 keeps it as an array without holes. */
const emptySlots = (slots: number): undefined[] => new Array<undefined>(slots).fill(undefined);
