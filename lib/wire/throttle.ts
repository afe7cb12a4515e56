import { QUOTA_WINDOW_MS, RecentBytes } from './recent-bytes.js';

/** A client that the broker has not throttled for so long is not throttled any more. */
const FORGOTTEN_AFTER_MS = 15_000;
/** What leaves in one go costs no more than about so long of being left alone, once the rate is known. */
const TURN_MS = 1_000;
/** Less than this is no use: a record has an envelope, a request has a head. */
const LEAST_BYTES = 1_024;
/** As much as makes a good record. */
const LEAST_WINDOW_BYTES = 64 * 1024;

/**
 * A broker that may throttle this client, as its quota is used up (KIP-219): until when it is left alone, how many bytes it
 * takes in a second, as far as its answers tell, and how much may be sent before it has answered.
 */
export class Throttle {
  private untilMs = -Infinity;
  /** Since it last said so. */
  private bytesSent = 0;
  private heardAtMs = -Infinity;
  private bytesPerMs = Infinity;
  private readonly recent = new RecentBytes();

  constructor(private readonly now: () => number) {}

  get isOn(): boolean {
    return this.untilMs > -Infinity && this.now() < this.untilMs;
  }

  /** Whether a record with so many bytes may become larger: the next is not to wait for long behind it. */
  mayGrow(bytes: number): boolean {
    if (this.untilMs === -Infinity && bytes < LEAST_WINDOW_BYTES) return true;
    return bytes < this.windowBytes(0);
  }

  /**
   * How much may be on its way to the broker at once.
   *
   * A broker appends what it gets, and says only then for how long that was too much. So no more leaves before it has answered than
   * it took lately without a word: then a burst does not cost more than about the time over which a quota is measured.
   */
  windowBytes(inFlightBytes: number): number {
    const nowMs = this.now();
    if (nowMs - this.untilMs > FORGOTTEN_AFTER_MS) this.forget();
    if (this.untilMs > -Infinity) return Math.max(LEAST_BYTES, this.bytesPerMs * TURN_MS);
    return Math.max(LEAST_WINDOW_BYTES, this.recent.total(nowMs) - inFlightBytes);
  }

  /** Something leaves for this broker. */
  count(bytes: number): void {
    this.bytesSent += bytes;
    this.recent.add(bytes, this.now());
  }

  /** @returns whether more is known of the rate than before: each batch of one request is told. */
  hear(throttleMs: number): boolean {
    const nowMs = this.now();
    this.untilMs = Math.max(this.untilMs, nowMs + throttleMs);
    if (this.bytesSent === 0) return false;
    // All that was sent since the last time has to be paid for by the pause and the time that has passed.
    const isFirst = this.heardAtMs === -Infinity;
    const bytes = isFirst ? this.recent.total(nowMs) : this.bytesSent;
    const passedMs = isFirst ? QUOTA_WINDOW_MS : Math.min(nowMs - this.heardAtMs, FORGOTTEN_AFTER_MS);
    this.bytesPerMs = bytes / Math.max(1, throttleMs + passedMs);
    this.bytesSent = 0;
    this.heardAtMs = nowMs;
    return true;
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
