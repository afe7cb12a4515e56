/** How many pieces of work start in a row before their promises run. */
const IN_A_ROW = 64;

/**
 * A turn lasts this long at least, or until enough pieces have started, whichever is first. Then results leave and new input
 * arrives. A fast machine starts that many pieces sooner, and the other side would wait for the results.
 */
const SHORT_TURN_MS = 4;
const SHORT_TURN_PIECES = 384;

/** A turn lasts this long at most, so that nothing else in this process waits for long. */
const LONG_TURN_MS = 16;

/** The part of the waiting work in one turn: with smaller parts, callers get few answers per record, and each record costs. */
const PART_OF_A_TURN = 1 / 4;

export interface TurnBudgetOptions {
  /** How many pieces wait. If there are many, turns are longer. @default unknown: turns are short */
  readonly waiting?: () => number;
  /** The time in milliseconds, on a clock that never goes back. */
  readonly nowMs?: () => number;
}

/**
 * Divides work that could all start at once.
 *
 * After some pieces their promises run first: an answer is then finished while its call is in the processor's cache, and its
 * objects die young. After some milliseconds, or hundreds of pieces, the event loop turns. Answers leave while the rest is
 * worked on, so this program, the broker and the caller work at the same time. If very much waits, the event loop turns after a
 * quarter of it, or after 16 ms.
 *
 * Cost: one immediate per turn of the event loop in which work starts.
 */
export class TurnBudget {
  private readonly waiting: () => number;
  private readonly nowMs: () => number;
  private left = IN_A_ROW;
  private begunInTurn = 0;
  private turnBeganAtMs: number | undefined;
  private isResting = false;

  /** @param goOn called once after each `false` from `admits()`, when more may start */
  constructor(
    private readonly goOn: () => void,
    { waiting = () => 0, nowMs = () => performance.now() }: TurnBudgetOptions = {},
  ) {
    this.waiting = waiting;
    this.nowMs = nowMs;
  }

  /** @returns whether one more piece may start now. If so, it counts as started. */
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
    // Node runs a tick after all promises, and after those that they start. It must not be queued before them.
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
