/** A client that the broker has not throttled for so long is not throttled any more. */
const FORGOTTEN_AFTER_MS = 15_000;
/** What leaves in one go costs no more than about so long of being left alone, once the rate is known. */
const TURN_MS = 1_000;
/** Less than this is no use: a record has an envelope, a request has a head. */
const LEAST_BYTES = 1_024;

/**
 * A broker that throttles this client, as its quota is used up (KIP-219): until when it is left alone, and how many bytes it
 * takes in a second, as far as its answers tell.
 */
export class Throttle {
  private untilMs = -Infinity;
  /** Since it last said so. */
  private bytesSent = 0;
  private heardAtMs = -Infinity;
  private bytesPerMs = Infinity;

  constructor(private readonly now: () => number) {}

  get isOn(): boolean {
    return this.untilMs > -Infinity && this.now() < this.untilMs;
  }

  /** How large a record may become, so that the next does not wait for long behind it. */
  get recordBytes(): number {
    if (this.untilMs === -Infinity) return Infinity;
    if (this.now() - this.untilMs > FORGOTTEN_AFTER_MS) this.forget();
    return Math.max(LEAST_BYTES, this.bytesPerMs * TURN_MS);
  }

  /** Something leaves for this broker. */
  count(bytes: number): void {
    this.bytesSent += bytes;
  }

  hear(throttleMs: number): void {
    const nowMs = this.now();
    this.untilMs = Math.max(this.untilMs, nowMs + throttleMs);
    // Each batch of one request is told.
    if (this.bytesSent === 0) return;
    // All that was sent since the last time has to be paid for by the pause and the time that has passed.
    const passedMs = Math.min(nowMs - this.heardAtMs, FORGOTTEN_AFTER_MS);
    const spanMs = throttleMs + (this.heardAtMs === -Infinity ? 0 : passedMs);
    this.bytesPerMs = this.bytesSent / Math.max(1, spanMs);
    this.bytesSent = 0;
    this.heardAtMs = nowMs;
  }

  /** How long what is sent now waits behind so many bytes; 0 for a broker that does not throttle. */
  waitMs(waitingBytes: number): number {
    if (this.untilMs === -Infinity) return 0;
    return Math.max(0, this.untilMs - this.now()) + waitingBytes / this.bytesPerMs;
  }

  private forget(): void {
    this.untilMs = -Infinity;
    this.heardAtMs = -Infinity;
    this.bytesPerMs = Infinity;
  }
}
