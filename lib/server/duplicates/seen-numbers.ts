/** What an entry and one run take in memory, near enough. */
export const ENTRY_BYTES = 200;
const RUN_BYTES = 16;
const STRAY_BYTES = 8;

/** Numbers out of order: an honest sender has few. Beyond, they are not remembered, so that a stranger's choice costs nothing. */
const MAX_STRAYS = 1_024;

/** Told how many bytes more are held. */
export interface HeldBytes {
  bytes: number;
}

/**
 * Which of a sender's numbers were seen in one partition. They grow along it (docs/protocol.md, "Order"), so runs of them take little.
 *
 * Cost: for a number above all before, one or two comparisons and nothing allocated; else two binary searches.
 */
export class SeenNumbers {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  /** Below the highest when they came, sorted. */
  private readonly strays: number[] = [];
  private highest: number;

  /** @param older what was seen before, for as long as that is remembered */
  constructor(
    private readonly held: HeldBytes,
    private older?: SeenNumbers,
  ) {
    this.highest = older?.highest ?? 0;
    held.bytes += ENTRY_BYTES;
  }

  /** @returns whether the number is new. */
  add(number: number): boolean {
    if (number > this.highest) {
      this.append(number);
      return true;
    }
    if (this.has(number)) return false;
    this.addStray(number);
    return true;
  }

  has(number: number): boolean {
    if (number > this.highest) return false;
    const run = countBelow(this.starts, number + 1) - 1;
    if (run >= 0 && number <= (this.ends[run] as number)) return true;
    if (this.strays[countBelow(this.strays, number)] === number) return true;
    return this.older?.has(number) ?? false;
  }

  /** What was seen before is not remembered any more. */
  forgetOlder(): void {
    this.older = undefined;
  }

  private append(number: number): void {
    const last = this.ends.length - 1;
    if (last >= 0 && number === (this.ends[last] as number) + 1) {
      this.ends[last] = number;
    } else {
      this.starts.push(number);
      this.ends.push(number);
      this.held.bytes += RUN_BYTES;
    }
    this.highest = number;
  }

  private addStray(number: number): void {
    if (this.strays.length >= MAX_STRAYS) return;
    this.strays.splice(countBelow(this.strays, number), 0, number);
    this.held.bytes += STRAY_BYTES;
  }
}

/** How many of the sorted numbers are below this one. */
const countBelow = (sorted: readonly number[], number: number): number => {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < number) low = middle + 1;
    else high = middle;
  }
  return low;
};
