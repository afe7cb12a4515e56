import { backoffMs, sleep } from './backoff.js';

/** Heartbeats per session: some may be lost. */
const HEARTBEATS_PER_SESSION = 10;
const LONGEST_INTERVAL_MS = 500;
/** While another rebalance is about to follow. */
const HURRIED_INTERVAL_MS = 50;
const HURRY_MS = 3_000;

export interface HeartbeatsParts {
  readonly sessionTimeoutMs: number;
  readonly closing: AbortSignal;
  /** False while the coordinator does not know us. */
  readonly isWanted: () => boolean;
  readonly send: () => Promise<void>;
  readonly onAnswered: () => void;
  /** @returns whether it is to be waited for longer before the next one */
  readonly onFailed: (error: unknown) => boolean;
}

/** Tells the coordinator that this member lives, on a timer, and learns from the answers that the group changes. */
export class Heartbeats {
  private hurriedUntil = 0;

  constructor(private readonly parts: HeartbeatsParts) {}

  /** The next rebalance is to be noticed at once. */
  hurry(): void {
    this.hurriedUntil = performance.now() + HURRY_MS;
  }

  /** Ends with the closing signal. */
  async run(): Promise<void> {
    const { closing, isWanted } = this.parts;
    for (let failures = 0; !closing.aborted;) {
      const intervalMs = this.intervalMs();
      // The sooner a new coordinator is found, the shorter its members stand still.
      await sleep(failures > 0 ? Math.min(backoffMs(failures), intervalMs) : intervalMs, closing);
      if (closing.aborted || !isWanted()) continue;
      failures = (await this.sendOne()) ? 0 : failures + 1;
    }
  }

  private async sendOne(): Promise<boolean> {
    const { closing, send, onAnswered, onFailed } = this.parts;
    try {
      await send();
      if (!closing.aborted) onAnswered();
      return true;
    } catch (error) {
      return closing.aborted || !onFailed(error);
    }
  }

  private intervalMs(): number {
    if (performance.now() < this.hurriedUntil) return HURRIED_INTERVAL_MS;
    return Math.min(this.parts.sessionTimeoutMs / HEARTBEATS_PER_SESSION, LONGEST_INTERVAL_MS);
  }
}
