import type { ConsumerRecord } from '../driver/record.js';
import type { Due } from '../protocol/deadlines.js';
import type { RequestEnvelope } from '../protocol/envelope.js';
import type { EventMessage, RequestMessage } from '../protocol/message.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Work } from './work-queue.js';

/** Who called, and where the replies go; `null` for a client that only emits. */
export interface CallerAddress {
  readonly id: Buffer;
  readonly replies: Destination | null;
}

/** What came with a call. */
export interface CallOrigin {
  readonly message: RequestMessage | EventMessage;
  readonly envelope: RequestEnvelope;
  readonly record: ConsumerRecord;
  readonly caller: CallerAddress;
  /** On the estimate of the broker's clock. */
  readonly receivedAtMs: number;
}

/** One call or event in this server's hands, from its record to its last reply. */
export class IncomingCall implements Work, Due {
  dueTick = 0;
  readonly orderKey: string | null;
  private readonly onFinished: (() => void)[] = [];
  private readonly onStopped: (() => void)[] = [];
  private abortController: AbortController | undefined;
  private stoppedBy: string | undefined;
  private isFinished = false;
  private isStarted = false;
  private onDropped: (() => void) | undefined;

  constructor(readonly origin: CallOrigin) {
    const { key } = origin.message;
    this.orderKey = key === null ? null : `${origin.record.topic}:${key.toString('latin1')}`;
  }

  /** Why the work was ended from outside; undefined while it was not. */
  get stopReason(): string | undefined {
    return this.stoppedBy;
  }

  /** Aborts when nobody waits any more; made when it is first asked for. */
  get signal(): AbortSignal {
    this.abortController ??= new AbortController();
    if (this.stoppedBy !== undefined) this.abortController.abort(this.stoppedBy);
    return this.abortController.signal;
  }

  /** The time left until the caller gives up, in milliseconds; Infinity when it never does. */
  timeLeftMs(brokerNowMs: number): number {
    const { message, record } = this.origin;
    return message.ttlMs === 0 ? Infinity : record.timestampMs + message.ttlMs - brokerNowMs;
  }

  /** How the work is ended from outside. */
  onStop(stopWork: () => void): void {
    if (this.stoppedBy === undefined) this.onStopped.push(stopWork);
    else stopWork();
  }

  /** A handler has it now. */
  start(): void {
    this.isStarted = true;
  }

  /** Lets go of a call that was not started: it is another server's. */
  drop(): void {
    if (this.isStarted || !this.interrupt('The partition is read by another server.')) return;
    this.onDropped?.();
  }

  /** Runs when the call is let go of. */
  whenDropped(callback: () => void): void {
    this.onDropped = callback;
  }

  /** Nobody waits any more: ends the work, and with it the call. @returns whether there was any to end. */
  stop(reason: string): boolean {
    if (!this.interrupt(reason)) return false;
    this.finish();
    return true;
  }

  /**
   * Ends the work but not the call: it was not answered, so another server is to run it. @returns whether there was any.
   */
  interrupt(reason: string): boolean {
    if (this.isFinished || this.stoppedBy !== undefined) return false;
    this.stoppedBy = reason;
    this.abortController?.abort(reason);
    for (const stopWork of this.onStopped) stopWork();
    return true;
  }

  /** Runs when the call needs nothing more from this server: its reply is with the broker, or nobody wants one. */
  whenFinished(callback: () => void): void {
    if (this.isFinished) callback();
    else this.onFinished.push(callback);
  }

  finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    for (const callback of this.onFinished) callback();
  }
}
