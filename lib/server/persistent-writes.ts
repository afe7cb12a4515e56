import { RpcError } from '../errors/rpc-error.js';

export interface PersistentWritesOptions {
  /** Told of each attempt that failed. Must not throw. */
  readonly onFailed: (error: RpcError) => void;
  /** Before the second attempt, in milliseconds; twice as long before each further one, up to half a minute. */
  readonly firstPauseMs?: number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Writes that something in hand waits for: each is tried until the broker has it, or this is closed. Nothing is lost by that:
 * whatever waits for it is not finished, and is read again.
 */
export class PersistentWrites {
  private readonly underWay = new Set<Promise<void>>();
  private readonly pausing = new Set<NodeJS.Timeout>();
  private isClosed = false;

  constructor(private readonly options: PersistentWritesOptions) {}

  /** @param attempt rejects when the broker may not have it; @param done called once, when it has */
  write(attempt: () => Promise<unknown>, done: () => void): void {
    this.begin(attempt, done, this.options.firstPauseMs ?? FIRST_PAUSE_MS);
  }

  /** Resolves when no attempt is under way; what pauses is not waited for. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /** Tries nothing again. */
  close(): void {
    this.isClosed = true;
    for (const timer of this.pausing) clearTimeout(timer);
    this.pausing.clear();
  }

  private begin(attempt: () => Promise<unknown>, done: () => void, pauseMs: number): void {
    const tried = this.attempt(attempt, done, pauseMs).finally(() => this.underWay.delete(tried));
    this.underWay.add(tried);
  }

  private async attempt(attempt: () => Promise<unknown>, done: () => void, pauseMs: number): Promise<void> {
    try {
      await attempt();
    } catch (error) {
      return this.failed(
        RpcError.from(error),
        () => this.begin(attempt, done, Math.min(2 * pauseMs, LONGEST_PAUSE_MS)),
        pauseMs,
      );
    }
    done();
  }

  private failed(error: RpcError, again: () => void, pauseMs: number): void {
    if (this.isClosed) return;
    this.options.onFailed(error);
    const timer = setTimeout(() => {
      this.pausing.delete(timer);
      again();
    }, pauseMs);
    this.pausing.add(timer);
  }
}
