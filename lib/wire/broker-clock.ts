/** An append time is whole milliseconds, cut off. */
const APPEND_RESOLUTION_MS = 1;

/**
 * The broker's clock, as far as this process can know it.
 *
 * Each acknowledged produce request bounds the distance of the two clocks: the broker's append time lies between send and
 * acknowledgement. Bounds are intersected (Cristian's algorithm), so the estimate gets better with every call. As long as
 * equal clocks are possible, they are taken to be equal. Bounds that contradict each other mean that a clock was set:
 * the newest then stands alone.
 */
export class BrokerClock {
  private lowestOffsetMs = -Infinity;
  private highestOffsetMs = Infinity;
  private offsetMs = 0;

  constructor(private readonly localNow: () => number = monotonicNow) {}

  /** Whether anything was heard of the broker's clock; before, it is taken to be this process' own. */
  get isKnown(): boolean {
    return this.highestOffsetMs < Infinity;
  }

  /** Milliseconds since the epoch, with fractions, on the broker's clock. */
  now(): number {
    return this.localNow() + this.offsetMs;
  }

  /** This process' own clock: what `observe` wants. */
  local(): number {
    return this.localNow();
  }

  /** Takes in one produce request: local times of send and acknowledgement, the broker's append time. */
  observe(sentAtMs: number, acknowledgedAtMs: number, appendTimeMs: number): void {
    if (appendTimeMs < 0) return;
    const lowest = appendTimeMs - acknowledgedAtMs;
    const highest = appendTimeMs + APPEND_RESOLUTION_MS - sentAtMs;
    const contradicts = lowest > this.highestOffsetMs || highest < this.lowestOffsetMs;
    this.lowestOffsetMs = contradicts ? lowest : Math.max(lowest, this.lowestOffsetMs);
    this.highestOffsetMs = contradicts ? highest : Math.min(highest, this.highestOffsetMs);
    const mayBeEqual = this.lowestOffsetMs <= 0 && this.highestOffsetMs >= 0;
    this.offsetMs = mayBeEqual ? 0 : (this.lowestOffsetMs + this.highestOffsetMs) / 2;
  }
}

const { timeOrigin } = performance;

/** Does not jump when somebody sets the system clock. */
const monotonicNow = (): number => timeOrigin + performance.now();
