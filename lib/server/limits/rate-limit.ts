/** A bucket of tokens that fills at a steady rate. Cost: one reading of the clock per call. */
export class RateLimit {
  private tokens: number;
  private filledAtMs: number;

  constructor(
    private readonly options: { readonly perSecond: number; readonly burst: number },
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.tokens = options.burst;
    this.filledAtMs = nowMs();
  }

  /** @returns undefined when one was taken; else in how many milliseconds there is one */
  take(): number | undefined {
    const { perSecond, burst } = this.options;
    const nowMs = this.nowMs();
    this.tokens = Math.min(burst, this.tokens + ((nowMs - this.filledAtMs) * perSecond) / 1_000);
    this.filledAtMs = nowMs;
    if (this.tokens < 1) return Math.ceil(((1 - this.tokens) * 1_000) / perSecond);
    this.tokens -= 1;
    return undefined;
  }
}
