/** Taken items are cleared away in batches of at least so many: amortized, an item is moved once. */
const COMPACT_AT = 64;

/** First in, first out. What was taken is not kept. Cost: amortized constant, also for very many. */
export class Fifo<T> {
  private head = 0;

  constructor(private items: (T | undefined)[] = []) {}

  get length(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    if (this.head === this.items.length) return undefined;
    const item = this.items[this.head];
    // Not kept until the next move: finished work would live long enough for the collector to copy it twice.
    this.items[this.head] = undefined;
    this.head += 1;
    if (this.head >= COMPACT_AT && this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** Takes all. */
  drain(): T[] {
    const items = this.items.slice(this.head) as T[];
    this.items = [];
    this.head = 0;
    return items;
  }
}
