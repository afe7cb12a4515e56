/** Kafka measures a quota over ten samples of one second each (quota.window.num, quota.window.size.seconds). */
const SAMPLES = 10;
const SAMPLE_MS = 1_000;

/** The time over which a broker measures a quota by default, in milliseconds. */
export const QUOTA_WINDOW_MS = SAMPLES * SAMPLE_MS;

/** Counts the bytes that were sent within `QUOTA_WINDOW_MS`. */
export class RecentBytes {
  private readonly samples = new Float64Array(SAMPLES);
  private newest = -Infinity;
  private sum = 0;

  add(bytes: number, nowMs: number): void {
    this.forget(nowMs);
    this.samples[this.newest % SAMPLES] = this.of(this.newest) + bytes;
    this.sum += bytes;
  }

  total(nowMs: number): number {
    this.forget(nowMs);
    return this.sum;
  }

  private of(sample: number): number {
    return this.samples[sample % SAMPLES] ?? 0;
  }

  private forget(nowMs: number): void {
    const sample = Math.floor(nowMs / SAMPLE_MS);
    if (sample === this.newest) return;
    for (let at = Math.max(0, this.newest + 1, sample - SAMPLES + 1); at <= sample; at++) {
      this.sum -= this.of(at);
      this.samples[at % SAMPLES] = 0;
    }
    this.newest = sample;
  }
}
