/** More than one would have kafkajs open a second socket while the first is not there yet. */
const MAX_IN_FLIGHT_COLD = 1;
/** As Kafka's own producer; a broker works on one after the other anyway. */
const MAX_IN_FLIGHT = 5;

/** The produce requests on their way to one broker. */
export class BrokerRequests {
  private inFlight = 0;
  private isWarm = false;
  /** Looks for who leads instead, after failures. */
  private recoveries = 0;
  private throttledUntilMs = -Infinity;

  constructor(
    readonly nodeId: number,
    private readonly now: () => number,
  ) {}

  /** For how long the broker wants to be left alone, in milliseconds. */
  get throttleMs(): number {
    return Math.max(0, this.throttledUntilMs - this.now());
  }

  get mayBegin(): boolean {
    if (this.recoveries > 0 || this.throttleMs > 0) return false;
    return this.inFlight < (this.isWarm ? MAX_IN_FLIGHT : MAX_IN_FLIGHT_COLD);
  }

  begin(): void {
    this.inFlight += 1;
  }

  answered(throttleMs: number): void {
    this.inFlight -= 1;
    this.isWarm = true;
    if (throttleMs > 0) this.throttledUntilMs = Math.max(this.throttledUntilMs, this.now() + throttleMs);
  }

  /** The connection may be gone, and the broker too: it is left alone until that is known. */
  async failed(recovered: Promise<void>): Promise<void> {
    this.inFlight -= 1;
    this.isWarm = false;
    this.recoveries += 1;
    await recovered;
    this.recoveries -= 1;
  }
}
