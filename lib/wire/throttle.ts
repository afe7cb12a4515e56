import { QUOTA_WINDOW_MS, RecentBytes } from './recent-bytes.js';

/** After this long without throttling, the client counts as not throttled. */
const FORGOTTEN_AFTER_MS = 15_000;
/** Once the rate is known, one shipment causes a pause of about this length at most. */
const TURN_MS = 1_000;
/** A smaller shipment makes no sense: a record has an envelope, and a request has a header. */
const LEAST_BYTES = 1_024;
/** Enough for an efficient record. */
const LEAST_WINDOW_BYTES = 64 * 1024;

/**
 * The state of a broker's throttling of this client, whose quota is used up (KIP-219): when the pause ends, how many bytes per
 * second the broker takes, estimated from its answers, and how many bytes may be sent before the next answer.
 */
export class Throttle {
  private untilMs = -Infinity;
  /** Bytes sent since the broker last throttled. */
  private bytesSent = 0;
  private heardAtMs = -Infinity;
  private bytesPerMs = Infinity;
  private readonly recent = new RecentBytes();

  constructor(private readonly now: () => number) {}

  get isOn(): boolean {
    return this.untilMs > -Infinity && this.now() < this.untilMs;
  }

  /** Whether a record of this many bytes may grow, without a long wait for the next one. */
  mayGrow(bytes: number): boolean {
    if (this.untilMs === -Infinity && bytes < LEAST_WINDOW_BYTES) return true;
    return bytes < this.windowBytes(0);
  }

  /**
   * How many bytes may be in flight to the broker.
   *
   * A broker first appends a request, and then answers how long the client must pause for it. So no more bytes leave before its
   * answer than it lately took without throttling. Then a burst costs a pause of about one quota window at most.
   */
  windowBytes(inFlightBytes: number): number {
    const nowMs = this.now();
    if (nowMs - this.untilMs > FORGOTTEN_AFTER_MS) this.forget();
    if (this.untilMs > -Infinity) return Math.max(LEAST_BYTES, this.bytesPerMs * TURN_MS);
    return Math.max(LEAST_WINDOW_BYTES, this.recent.total(nowMs) - inFlightBytes);
  }

  /** Counts bytes that leave for this broker. */
  count(bytes: number): void {
    this.bytesSent += bytes;
    this.recent.add(bytes, this.now());
  }

  /** Learns from an answer. @returns whether the rate is better known: each batch of one request reports the same pause. */
  hear(throttleMs: number): boolean {
    const nowMs = this.now();
    this.untilMs = Math.max(this.untilMs, nowMs + throttleMs);
    if (this.bytesSent === 0) return false;
    // The pause and the time passed pay for all bytes since the last pause.
    const isFirst = this.heardAtMs === -Infinity;
    const bytes = isFirst ? this.recent.total(nowMs) : this.bytesSent;
    const passedMs = isFirst ? QUOTA_WINDOW_MS : Math.min(nowMs - this.heardAtMs, FORGOTTEN_AFTER_MS);
    this.bytesPerMs = bytes / Math.max(1, throttleMs + passedMs);
    this.bytesSent = 0;
    this.heardAtMs = nowMs;
    return true;
  }

  /** How many milliseconds a message waits behind this many bytes; 0 without throttling. */
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
