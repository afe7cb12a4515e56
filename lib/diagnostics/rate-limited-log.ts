const INTERVAL_MS = 10_000;

interface LastLine {
  writtenAtMs: number;
  suppressed: number;
}

/**
 * At most one line per kind in 10 s: the first of a kind at once, a later one with the number that was left out before it.
 * Who can cause lines cannot fill a disk with them. Bounded by the number of kinds; no timer.
 */
export class RateLimitedLog<Kind extends string> {
  private readonly last = new Map<Kind, LastLine>();

  /**
   * @param write where lines go
   * @param nowMs a clock that does not go back
   */
  constructor(
    private readonly write: (line: string) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** @param line made only if it is written */
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
