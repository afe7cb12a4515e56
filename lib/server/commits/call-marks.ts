/** Calls of a record that can be marked; those behind are not remembered singly. So many take 8 KiB. */
export const MAX_MARKS = 65_536;

/** Which calls of a record are finished, by their place in it. A bit for each, up to the last that is. */
export class CallMarks {
  private words: Uint32Array;
  private highest = -1;

  /** @param expected how many calls there are, as far as it is known: growing copies */
  constructor(expected = 1) {
    this.words = new Uint32Array(wordsFor(Math.min(expected, MAX_MARKS)));
  }

  /** @returns whether that is new. */
  add(index: number): boolean {
    if (index >= MAX_MARKS || this.has(index)) return false;
    const word = index >>> 5;
    if (word >= this.words.length) this.grow(word + 1);
    this.words[word] = (this.words[word] as number) | (1 << (index & 31));
    if (index > this.highest) this.highest = index;
    return true;
  }

  /** All from one to before another. */
  addRun(from: number, to: number): void {
    const end = Math.min(to, MAX_MARKS);
    if (end <= from) return;
    if ((end - 1) >>> 5 >= this.words.length) this.grow(((end - 1) >>> 5) + 1);
    for (let start = from; start < end;) {
      const stop = Math.min(end, (start | 31) + 1);
      const mask = (0xffffffff >>> (32 - (stop - start))) << (start & 31);
      this.words[start >>> 5] = (this.words[start >>> 5] as number) | mask;
      start = stop;
    }
    if (end > this.highest) this.highest = end - 1;
  }

  has(index: number): boolean {
    return index <= this.highest && (((this.words[index >>> 5] as number) >>> (index & 31)) & 1) === 1;
  }

  get isEmpty(): boolean {
    return this.highest < 0;
  }

  /** These and those of the other, as marks of their own. */
  with(other: CallMarks | undefined): CallMarks {
    const union = new CallMarks(Math.max(this.highest, other?.highest ?? 0) + 1);
    for (const marks of [this, other]) {
      if (marks === undefined) continue;
      for (let word = 0; word <= marks.highest >>> 5 && !marks.isEmpty; word++)
        union.words[word] = (union.words[word] as number) | (marks.words[word] as number);
      union.highest = Math.max(union.highest, marks.highest);
    }
    return union;
  }

  /** How many are not finished, then how many are, and so on, up to the last that is. */
  runs(): number[] {
    const runs: number[] = [];
    const end = this.highest + 1;
    for (let start = 0, isFinished = false; start < end; isFinished = !isFinished) {
      const stop = Math.min(end, this.endOfRun(start, isFinished));
      runs.push(stop - start);
      start = stop;
    }
    return runs;
  }

  /** Of the first from there on that is not as those before it. */
  private endOfRun(from: number, isFinished: boolean): number {
    const flip = isFinished ? 0xffffffff : 0;
    let mask = 0xffffffff << (from & 31);
    for (let word = from >>> 5; word < this.words.length; word++, mask = 0xffffffff) {
      const others = ((this.words[word] as number) ^ flip) & mask;
      if (others !== 0) return word * 32 + 31 - Math.clz32(others & -others);
    }
    return Infinity;
  }

  private grow(words: number): void {
    const grown = new Uint32Array(Math.max(words, this.words.length * 2));
    grown.set(this.words);
    this.words = grown;
  }
}

const wordsFor = (marks: number): number => Math.max(1, (marks + 31) >>> 5);
