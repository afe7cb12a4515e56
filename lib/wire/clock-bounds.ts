/** A time of the broker is whole milliseconds, cut off. */
const RESOLUTION_MS = 1;

/** How far two clocks may drift apart in a millisecond: what a system clock is slewed by at most. */
const DRIFT = 0.0005;

/**
 * How far one broker's clock is ahead of this process' own, between two bounds.
 *
 * Each record of which this process knows a time before which it was not appended, and one when it was, bounds the distance
 * of the two clocks. Bounds are intersected (Cristian's algorithm), so they get tighter with every record, and are widened
 * by what clocks drift in the meantime. Bounds that contradict each other mean that a clock was set: the newest then stand alone.
 */
export class ClockBounds {
  private lowest = -Infinity;
  private highest = Infinity;
  private seenAtMs = -Infinity;

  get widthMs(): number {
    return this.highest - this.lowest;
  }

  /** The middle. As long as equal clocks are possible, they are taken to be equal. */
  get offsetMs(): number {
    if (this.lowest <= 0 && this.highest >= 0) return 0;
    return (this.lowest + this.highest) / 2;
  }

  /** What the broker's clock is ahead at least. */
  get lowestOffsetMs(): number {
    return this.lowest;
  }

  /** What the broker's clock is ahead at most. */
  get highestOffsetMs(): number {
    return this.highest;
  }

  /** Takes in a record that was appended between two times of this process' clock, with its time on the broker's. */
  observe(fromMs: number, toMs: number, timestampMs: number): void {
    this.widen(toMs);
    const lowest = timestampMs - toMs;
    const highest = timestampMs + RESOLUTION_MS - fromMs;
    const isSet = lowest > this.highest || highest < this.lowest;
    this.lowest = isSet ? lowest : Math.max(lowest, this.lowest);
    this.highest = isSet ? highest : Math.min(highest, this.highest);
  }

  private widen(nowMs: number): void {
    const driftMs = this.seenAtMs === -Infinity ? 0 : Math.max(0, nowMs - this.seenAtMs) * DRIFT;
    this.seenAtMs = nowMs;
    this.lowest -= driftMs;
    this.highest += driftMs;
  }
}
