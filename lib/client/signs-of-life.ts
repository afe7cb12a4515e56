import { SIGN_COUNT } from '../protocol/signs-of-life.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Outbox } from '../wire/outbox.js';
import type { PendingCall } from './pending-call.js';

export interface SignsOfLifeParts {
  /** How often, in milliseconds; 0 for never. */
  readonly everyMs: number;
  readonly calls: { readonly size: number; all(): readonly PendingCall[] };
  /** The number of the call that was made last. */
  readonly lastSeq: () => number;
  /** Undefined while nothing is connected. */
  readonly outbox: () => Pick<Outbox, 'send'> | undefined;
}

/**
 * Tells servers that this client still waits: a message of 15 bytes for each partition in which a call has been open for longer than
 * an interval, once per interval. A client that is killed gives none, and its calls are ended.
 *
 * Short calls cost nothing but a look whether the timer is set. It stops when nothing is open.
 */
export class SignsOfLife {
  private timer: NodeJS.Timeout | undefined;
  /** Calls up to this number were there at the last look. */
  private knownSeq = 0;

  constructor(private readonly parts: SignsOfLifeParts) {}

  /** A call was made. */
  begin(): void {
    const { everyMs } = this.parts;
    if (this.timer !== undefined || everyMs === 0) return;
    this.timer = setInterval(() => this.look(), everyMs).unref();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    const { calls, lastSeq, outbox } = this.parts;
    if (calls.size === 0) return this.close();
    const told = new Set<Destination>();
    const open = outbox();
    for (const call of calls.all()) {
      const { seq, destination } = call;
      if (seq > this.knownSeq || !call.hasLeft || told.has(destination) || open === undefined) continue;
      told.add(destination);
      try {
        open.send(destination, { kind: 'credit', seq, count: SIGN_COUNT });
      } catch {
        // The outbox is full: another one follows.
      }
    }
    this.knownSeq = lastSeq();
  }
}
