import { ClockBounds } from './clock-bounds.js';

/**
 * Estimates the clocks of the brokers from the acknowledgements of this process' produce requests.
 *
 * The leader of a partition stamps records with its own clock, and the clocks of two brokers can differ. Compare an append time
 * with `boundsOf` the broker that appended the record. All times are milliseconds since the epoch, with fractions.
 */
export class BrokerClock {
  private readonly brokers = new Map<number | undefined, ClockBounds>();
  /** The clock of the broker that answered first. This process gives all its times on this one clock. */
  private first: ClockBounds | undefined;

  constructor(private readonly localNow: () => number = monotonicNow) {}

  /** Whether a broker has answered. Before that, the broker's clock is assumed to equal this process' clock. */
  get isKnown(): boolean {
    return this.first !== undefined;
  }

  /** The time on the clock of the broker that answered first. */
  now(): number {
    return this.localNow() + (this.first?.offsetMs ?? 0);
  }

  /** The time on this process' own clock, as `observe` takes it. It never goes back. */
  local(): number {
    return this.localNow();
  }

  /**
   * The bounds of a broker's clock. A broker that has not answered gets those of the first one, as brokers mostly agree. `undefined`
   * before any answer.
   */
  boundsOf(broker: number | undefined): ClockBounds | undefined {
    return this.brokers.get(broker) ?? this.first;
  }

  /**
   * Learns from one produce request: when it was sent and acknowledged on the local clock, and the append time of the broker.
   * @param broker the leader of the partition, from `DriverConnection.leaderOf`
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

/** Does not jump when the system clock is set. */
const monotonicNow = (): number => timeOrigin + performance.now();
