const INTERVAL_MS = 10_000;

interface LastLine {
  writtenAtMs: number;
  suppressed: number;
}

/**
 * Writes at most one line per kind in 10 s. The first line of a kind is written at once, a later one with the number of omitted
 * lines. So an attacker cannot fill a disk with log lines. Cost: one entry per kind, no timer.
 */
export class RateLimitedLog<Kind extends string> {
  private readonly last = new Map<Kind, LastLine>();

  /**
   * @param write writes a line
   * @param nowMs a monotonic clock, in milliseconds
   */
  constructor(
    private readonly write: (line: string) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @param line called only if the line is written */
  add(kind: Kind, line: () => string): void {
    const now = this.nowMs();
    const last = this.last.get(kind);
    if (last !== undefined && now - last.writtenAtMs < INTERVAL_MS) {
      last.suppressed += 1;
      return;
    }
    this.last.set(kind, { writtenAtMs: now, suppressed: 0 });
    const suppressed = last?.suppressed ?? 0;
    try {
      this.write(suppressed === 0 ? line() : `${line()} (and ${suppressed} more like it before)`);
    } catch {
      // A logger that throws loses its line: whatever is being logged goes on.
    }
  }
}
