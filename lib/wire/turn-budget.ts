/** Pieces of work begun in a row, before what they set going in promises is run to its end. */
const IN_A_ROW = 64;

/**
 * How long work goes on at least before what came of it is let out, and what came in meanwhile is let in: until the first of
 * the two. A fast machine has begun so many pieces sooner, and its other side would wait for them.
 */
const SHORT_TURN_MS = 4;
const SHORT_TURN_PIECES = 384;

/** And at most, so that nothing else in this process waits for long. */
const LONG_TURN_MS = 16;

/** Of what there was to do: smaller parts come to many callers a few answers at a time, and each record costs. */
const PART_OF_A_TURN = 1 / 4;

export interface TurnBudgetOptions {
  /** How many pieces wait to be begun: with many, turns are longer. @default none are known of, and turns are short */
  readonly waiting?: () => number;
  /** Of a clock that never goes back. */
  readonly nowMs?: () => number;
}

/**
 * Divides work that could be begun all at once.
 *
 * Behind some pieces, the promises that they left behind come first: an answer is then done with while its call is still in the
 * processor's cache, and dies young. And after some milliseconds, or hundreds of pieces, the event loop turns: what has been
 * answered leaves while the rest is worked on, so that this program, the broker and the caller work at the same time and not one
 * after the other. When very much waits, that is after a quarter of it, or after sixteen milliseconds.
 *
 * Cost: an immediate per turn of the event loop in which work is begun.
 */
export class TurnBudget {
  private readonly waiting: () => number;
  private readonly nowMs: () => number;
  private left = IN_A_ROW;
  private begunInTurn = 0;
  private turnBeganAtMs: number | undefined;
  private isResting = false;

  /** @param goOn called once after each `false` of `admits`, when it may be asked again */
  constructor(
    private readonly goOn: () => void,
    { waiting = () => 0, nowMs = () => performance.now() }: TurnBudgetOptions = {},
  ) {
    this.waiting = waiting;
    this.nowMs = nowMs;
  }

  /** @returns whether one more piece may be begun now; if so, it counts as begun. */
  admits(): boolean {
    if (this.isResting) return false;
    if (this.turnBeganAtMs === undefined) this.beginTurn(this.nowMs());
    if (this.left === 0) return this.rest();
    this.left -= 1;
    this.begunInTurn += 1;
    return true;
  }

  private beginTurn(nowMs: number): void {
    this.turnBeganAtMs = nowMs;
    this.left = IN_A_ROW;
    this.begunInTurn = 0;
    setImmediate(() => (this.turnBeganAtMs = undefined));
  }

  private rest(): false {
    this.isResting = true;
    // Node runs a tick behind all promises, those too that they set going; it must not stand in line before them.
    queueMicrotask(() => process.nextTick(() => this.goOnInTime()));
    return false;
  }

  private goOnInTime(): void {
    if (this.isTurnOver()) setImmediate(() => this.resume());
    else this.resume();
  }

  private isTurnOver(): boolean {
    if (this.turnBeganAtMs === undefined) return true;
    const tookMs = this.nowMs() - this.turnBeganAtMs;
    if (tookMs <= SHORT_TURN_MS && this.begunInTurn < SHORT_TURN_PIECES) return false;
    return tookMs > LONG_TURN_MS || this.begunInTurn >= (this.begunInTurn + this.waiting()) * PART_OF_A_TURN;
  }

  private resume(): void {
    this.isResting = false;
    this.left = IN_A_ROW;
    this.goOn();
  }
}
