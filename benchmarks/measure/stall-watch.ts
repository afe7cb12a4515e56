/** An answer later than this counts as missing: far above any peer's own deadline and any rebalance. */
const MISSING_AFTER_MS = 30_000;

/** One timer for a whole load, not one per call, which would be part of what is measured. */
export class StallWatch {
  /** Rejects when nothing was answered for half a minute. */
  readonly stalled: Promise<never>;
  private timer: NodeJS.Timeout | undefined;

  /** @param progress how many were sent and answered so far */
  constructor(progress: () => { readonly issued: number; readonly answered: number }) {
    this.stalled = new Promise<never>((_resolve, reject) => {
      let before = 0;
      this.timer = setInterval(() => {
        const { issued, answered } = progress();
        if (answered > before) before = answered;
        else reject(new Error(`${issued - answered} answers are missing after ${MISSING_AFTER_MS} ms`));
      }, MISSING_AFTER_MS);
    });
  }

  end(): void {
    clearInterval(this.timer);
  }
}
