import type { Credit } from '../protocol/stream-credit.js';

/** What every stream may have on its way at first. It is announced on each request record. */
export const FIRST_WINDOW: Credit = Object.freeze({ values: 4_096, bytes: 1_048_576 });

const LEAST_WINDOW: Credit = Object.freeze({ values: 128, bytes: 65_536 });
const LARGEST_WINDOW: Credit = Object.freeze({ values: 65_536, bytes: 16_777_216 });

/** Who takes half of a window in less than that, and waited for values, gets a larger one. Who takes longer, and never waited, a smaller one. */
const HALF_WINDOW_MS = 400;

/**
 * How many values of one stream may be on their way to who takes them. Says when there is to be more credit: behind each half of the
 * window that was taken. The window follows the pace: it is what is taken within some tenths of a second, between a least
 * and a largest size.
 */
export class StreamWindow {
  private values: number;
  private bytes: number;
  private takenValues = 0;
  private takenBytes = 0;
  private give: ((credit: Credit) => void) | undefined;
  private creditAtMs: number;
  private hasWaited = false;

  /** @param fixed a window that does not follow the pace. It is to be sent beside the request */
  constructor(
    readonly fixed?: Credit,
    private readonly now: () => number = monotonicNow,
  ) {
    ({ values: this.values, bytes: this.bytes } = fixed ?? FIRST_WINDOW);
    this.creditAtMs = this.now();
  }

  /** @param give sends credit. Must not throw */
  bind(give: (credit: Credit) => void): this {
    this.give = give;
    return this;
  }

  /**
   * Somebody has taken a value of so many bytes.
   * @param wasAwaited whether it was waited for: then it is not who takes it that is slow
   */
  taken(bytes: number, wasAwaited = true): void {
    if (wasAwaited) this.hasWaited = true;
    this.takenValues += 1;
    this.takenBytes += bytes;
    if (this.takenValues * 2 >= this.values || this.takenBytes * 2 >= this.bytes) this.giveMore();
  }

  private giveMore(): void {
    const nowMs = this.now();
    if (this.fixed === undefined) this.adapt(nowMs - this.creditAtMs);
    this.creditAtMs = nowMs;
    this.hasWaited = false;
    const [values, bytes] = [Math.max(0, this.takenValues), Math.max(0, this.takenBytes)];
    // None of it is a sign of life, and nothing else.
    if (values === 0) return;
    this.takenValues -= values;
    this.takenBytes -= bytes;
    this.give?.({ values, bytes });
  }

  private adapt(tookMs: number): void {
    const isFast = tookMs < HALF_WINDOW_MS;
    if (isFast && this.hasWaited) this.resize(2, LARGEST_WINDOW, Math.min);
    else if (!isFast && !this.hasWaited) this.resize(0.5, LEAST_WINDOW, Math.max);
  }

  /** What the window grows by is given with what was taken of it; what it shrinks by is kept back. */
  private resize(factor: number, limit: Credit, limited: (...sizes: number[]) => number): void {
    const [values, bytes] = [
      limited(this.values * factor, limit.values),
      limited(this.bytes * factor, limit.bytes),
    ];
    this.takenValues += values - this.values;
    this.takenBytes += bytes - this.bytes;
    [this.values, this.bytes] = [values, bytes];
  }
}

const monotonicNow = (): number => performance.now();
