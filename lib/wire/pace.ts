/** Pieces of work begun in a row, before what they set going in promises is run to its end. */
const IN_A_ROW = 64;

/** How long work goes on before what came of it is let out, and what came in meanwhile is let in. */
const MAX_TURN_MS = 4;

/**
 * Divides work that could be begun all at once.
 *
 * Behind some pieces, the promises that they left behind come first: an answer is then done with while its call is still in the
 * processor's cache, and dies young. And after some milliseconds the event loop turns: what has been answered leaves while the
 * rest is worked on, so that this program, the broker and the caller work at the same time and not one after the other.
 *
 * Cost: an immediate per turn of the event loop in which work is begun.
 */
export class Pace {
  private left = IN_A_ROW;
  private turnBeganAtMs: number | undefined;
  private isResting = false;

  /**
   * @param goOn called once after each `false` of `admits`, when it may be asked again
   * @param nowMs of a clock that never goes back
   */
  constructor(
    private readonly goOn: () => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @returns whether one more piece may be begun now; if so, it counts as begun. */
  admits(): boolean {
    if (this.isResting) return false;
    if (this.turnBeganAtMs === undefined) this.beginTurn(this.nowMs());
    if (this.left === 0) return this.rest();
    this.left -= 1;
    return true;
  }

  private beginTurn(nowMs: number): void {
    this.turnBeganAtMs = nowMs;
    this.left = IN_A_ROW;
    setImmediate(() => (this.turnBeganAtMs = undefined));
  }

  private rest(): false {
    this.isResting = true;
    // Node runs a tick behind all promises, those too that they set going; it must not stand in line before them.
    queueMicrotask(() => process.nextTick(() => this.goOnInTime()));
    return false;
  }

  private goOnInTime(): void {
    const isTurnOver = this.turnBeganAtMs === undefined || this.nowMs() - this.turnBeganAtMs > MAX_TURN_MS;
    if (isTurnOver) setImmediate(() => this.resume());
    else this.resume();
  }

  private resume(): void {
    this.isResting = false;
    this.left = IN_A_ROW;
    this.goOn();
  }
}
