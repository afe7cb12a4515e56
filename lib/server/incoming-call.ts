import type { ConsumerRecord } from '../driver/record.js';
import { Due } from '../protocol/deadlines.js';
import type { RequestEnvelope } from '../protocol/envelope.js';
import type { EventMessage, RequestMessage } from '../protocol/message.js';
import type { Destination } from '../wire/destination-queue.js';
import { stopError, type StopReason } from './stop-reasons.js';
import type { Work } from './work-queue.js';

/** Who called, and where the replies go; `null` for a client that only emits. */
export interface CallerAddress {
  readonly id: Buffer;
  readonly replies: Destination | null;
}

/** Where calls come from: the same for all calls of a record. */
export interface CallOrigin {
  readonly envelope: RequestEnvelope;
  readonly record: ConsumerRecord;
  readonly caller: CallerAddress;
  /** On the estimate of the broker's clock. */
  readonly receivedAtMs: number;
  /** The call needs nothing more from this server: its reply is with the broker, or nobody wants one. */
  onFinished(call: IncomingCall): void;
  /** The call was let go of before it was started: it is another server's. */
  onDropped(call: IncomingCall): void;
}

/** What runs a call, and can be ended from outside. */
export interface Stoppable {
  stop(): void;
}

/** One call or event in this server's hands, from its record to its last reply. One of these is all that most calls take. */
export class IncomingCall extends Due implements Work {
  readonly orderKey: string | null;
  private work: Stoppable | undefined;
  private waiting: (() => void)[] | undefined;
  private abortController: AbortController | undefined;
  private stoppedBy: StopReason | undefined;
  private hasFinished = false;
  private hasStarted = false;

  constructor(
    readonly message: RequestMessage | EventMessage,
    readonly origin: CallOrigin,
  ) {
    super();
    const { key } = message;
    this.orderKey = key === null ? null : `${origin.record.topic}:${key.toString('latin1')}`;
  }

  /** Why the work was ended from outside; undefined while it was not. */
  get stopReason(): StopReason | undefined {
    return this.stoppedBy;
  }

  /** Whether a handler has, or had, it. */
  get isStarted(): boolean {
    return this.hasStarted;
  }

  /** Aborts when nobody waits any more, with an RpcError for its reason; made when it is first asked for. */
  get signal(): AbortSignal {
    this.abortController ??= new AbortController();
    if (this.stoppedBy !== undefined) this.abortController.abort(stopError(this.stoppedBy));
    return this.abortController.signal;
  }

  /** The time left until the caller gives up, in milliseconds; Infinity when it never does. */
  timeLeftMs(brokerNowMs: number): number {
    const { ttlMs } = this.message;
    return ttlMs === 0 ? Infinity : this.origin.record.timestampMs + ttlMs - brokerNowMs;
  }

  /** A handler gets it now. @param work what to stop when nobody waits any more */
  start(work: Stoppable): void {
    this.hasStarted = true;
    this.work = work;
    if (this.stoppedBy !== undefined) work.stop();
  }

  /** Lets go of a call that was not started: it is another server's. */
  drop(): void {
    if (this.hasStarted || !this.interrupt('moved')) return;
    this.origin.onDropped(this);
  }

  /** Nobody waits any more: ends the work, and with it the call. @returns whether there was any to end. */
  stop(reason: StopReason): boolean {
    if (!this.interrupt(reason)) return false;
    this.finish();
    return true;
  }

  /**
   * Ends the work but not the call: it was not answered, so another server is to run it. @returns whether there was any.
   */
  interrupt(reason: StopReason): boolean {
    if (this.hasFinished || this.stoppedBy !== undefined) return false;
    this.stoppedBy = reason;
    this.abortController?.abort(stopError(reason));
    this.work?.stop();
    return true;
  }

  /** Runs when the call is finished, behind its origin's own `onFinished`. */
  whenFinished(callback: () => void): void {
    if (this.hasFinished) callback();
    else (this.waiting ??= []).push(callback);
  }

  finish(): void {
    if (this.hasFinished) return;
    this.hasFinished = true;
    this.origin.onFinished(this);
    if (this.waiting !== undefined) for (const callback of this.waiting) callback();
  }
}
