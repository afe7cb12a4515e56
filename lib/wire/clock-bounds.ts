/** Times of a broker are whole milliseconds, rounded down. */
const RESOLUTION_MS = 1;

/** The most milliseconds that two clocks drift apart in one: the largest rate at which systems slew a clock. */
const DRIFT = 0.0005;

/**
 * Two bounds, in milliseconds, of how far a broker's clock is ahead of this process' clock.
 *
 * Each record that was certainly appended between two local times gives bounds. They are intersected (Cristian's algorithm), so
 * they get tighter with every record, and widened by the possible drift since. If they contradict each other, a clock was set:
 * then only the newest bounds count.
 */
export class ClockBounds {
  private lowest = -Infinity;
  private highest = Infinity;
  private seenAtMs = -Infinity;

  get widthMs(): number {
    return this.highest - this.lowest;
  }

  /** The estimate: 0 while equal clocks are possible, else the middle of the bounds. */
  get offsetMs(): number {
    if (this.lowest <= 0 && this.highest >= 0) return 0;
    return (this.lowest + this.highest) / 2;
  }

  /** The broker's clock is ahead by at least this much. */
  get lowestOffsetMs(): number {
    return this.lowest;
  }

  /** The broker's clock is ahead by at most this much. */
  get highestOffsetMs(): number {
    return this.highest;
  }

  /** Learns from a record that was appended between two local times, with its append time on the broker's clock. */
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
