import { ClockBounds } from './clock-bounds.js';

/**
 * The brokers' clocks, as far as this process can know them: from the acknowledgements of its produce requests.
 *
 * An append time is of the clock of the partition's leader, and the clocks of two brokers may differ: what is judged by an
 * append time is judged by `boundsOf` that broker.
 */
export class BrokerClock {
  private readonly brokers = new Map<number | undefined, ClockBounds>();
  /** That of the broker heard of first: times of one process are all told by the same clock. */
  private first: ClockBounds | undefined;

  constructor(private readonly localNow: () => number = monotonicNow) {}

  /** Whether anything was heard of a broker's clock; before, it is taken to be this process' own. */
  get isKnown(): boolean {
    return this.first !== undefined;
  }

  /** Milliseconds since the epoch, with fractions, on the clock of the broker heard of first. */
  now(): number {
    return this.localNow() + (this.first?.offsetMs ?? 0);
  }

  /** This process' own clock: what `observe` wants. Does not go back. */
  local(): number {
    return this.localNow();
  }

  /** The bounds of a broker's clock; of one not heard of yet, those of the first: brokers mostly agree. Undefined before any. */
  boundsOf(broker: number | undefined): ClockBounds | undefined {
    return this.brokers.get(broker) ?? this.first;
  }

  /**
   * Takes in one produce request: local times of send and acknowledgement, the broker's append time.
   * @param broker the leader of the partition, as `DriverConnection.leaderOf` has it
   */
  observe(sentAtMs: number, acknowledgedAtMs: number, appendTimeMs: number, broker?: number): void {
    if (appendTimeMs < 0) return;
    let bounds = this.brokers.get(broker);
    if (bounds === undefined) {
      bounds = new ClockBounds();
      this.brokers.set(broker, bounds);
      this.first ??= bounds;
    }
    bounds.observe(sentAtMs, acknowledgedAtMs, appendTimeMs);
  }
}

const { timeOrigin } = performance;

/** Does not jump when somebody sets the system clock. */
const monotonicNow = (): number => timeOrigin + performance.now();
