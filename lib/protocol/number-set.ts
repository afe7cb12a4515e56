/**
 * Numbers that a stranger chose, to be looked up: sorted.
 *
 * V8 hashes the numbers of a `Set` in a way that everybody knows: 30,000 that were chosen for it hold the process for seconds.
 *
 * Cost: n log n comparisons once, log n per look-up.
 */
export class NumberSet {
  private readonly sorted: Float64Array;

  constructor(numbers: readonly number[]) {
    this.sorted = Float64Array.from(numbers).sort();
  }

  has(number: number): boolean {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.sorted[middle] as number) < number) low = middle + 1;
      else high = middle;
    }
    return this.sorted[low] === number;
  }
}
