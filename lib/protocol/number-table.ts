import { randomInt } from 'node:crypto';

/** What stands in a table, in one at a time. Its number and its neighbour are kept in itself; `NumberTable` alone writes them. */
export abstract class Numbered {
  tableNumber = 0;
  tableNext: Numbered | undefined = undefined;
}

const FEWEST_SLOTS = 16;

/** So few items per slot make a table smaller that has more slots than these: calls come and go in batches of hundreds. */
const SPARSE = 1 / 8;
const KEPT_SLOTS = 1_024;

/** So many items on one slot do not come by chance where there are as many slots as items: somebody chose the numbers. */
const LONGEST_CHAIN = 16;

const WORD = 2 ** 32;

const { floor, imul } = Math;

/** Odd factors that nobody can guess, for the two words of a number. */
interface HashSeed {
  readonly low: number;
  readonly high: number;
}

/**
 * Items by number, for those that come and go thousands of times a second: a hash table chained through its items.
 *
 * A `Map` makes its insides anew every few entries, and V8 ties the old ones to the new: once one of them has become old, all
 * that follow become old, with what stood in them, and wait for a full collection (docs/performance.md). Numbers that follow each
 * other, as those of calls do, fall on slots of their own. Numbers may be a stranger's choice: when many fall on one slot, the
 * table is spread anew by random factors, so that no choice of numbers makes it slow.
 *
 * Cost: no memory beside the items but a pointer for each slot.
 */
export class NumberTable<T extends Numbered> {
  private slots: (Numbered | undefined)[] = emptySlots(FEWEST_SLOTS);
  private count = 0;
  private seed: HashSeed | undefined;

  /** @param randomFactor gives a secret integer below 2^31 */
  constructor(private readonly randomFactor: () => number = () => randomInt(2 ** 31)) {}

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
    this.count += 1;
    if (this.link(item) > LONGEST_CHAIN && this.seed === undefined) this.spreadAnew();
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
    if (this.seed !== undefined) return this.seededSlotOf(number, this.seed);
    return number & (this.slots.length - 1);
  }

  private seededSlotOf(number: number, { low, high }: HashSeed): number {
    let hash = imul(number, low) + imul(floor(number / WORD), high);
    // The end of MurmurHash3: numbers in a row must not stay in one.
    hash = imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    hash = imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return (hash ^ (hash >>> 16)) & (this.slots.length - 1);
  }

  /** @returns how many items stand on its slot now, counted up to one more than the longest chain. */
  private link(item: Numbered): number {
    const slot = this.slotOf(item.tableNumber);
    const first = this.slots[slot];
    item.tableNext = first;
    this.slots[slot] = item;
    let length = 1;
    for (let next = first; next !== undefined && length <= LONGEST_CHAIN; next = next.tableNext) length += 1;
    return length;
  }

  private spreadAnew(): void {
    this.seed = { low: this.randomFactor() * 2 + 1, high: this.randomFactor() * 2 + 1 };
    this.resize(this.slots.length);
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
