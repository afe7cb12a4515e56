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
  private stopWork: (() => void) | undefined;
  private abortController: AbortController | undefined;
  private stoppedBy: string | undefined;
  private isFinished = false;

  constructor(readonly origin: CallOrigin) {
    const { key } = origin.message;
    this.orderKey = key === null ? null : `${origin.record.topic}:${key.toString('latin1')}`;
  }

  /** Why nobody waits for the answer any more; undefined while somebody does. */
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

  /** The work that `stop` ends. */
  onStop(stopWork: () => void): void {
    if (this.stoppedBy === undefined) this.stopWork = stopWork;
    else stopWork();
  }

  /** Nobody waits any more: ends the work. @returns whether there was any to end. */
  stop(reason: string): boolean {
    if (this.isFinished || this.stoppedBy !== undefined) return false;
    this.stoppedBy = reason;
    this.abortController?.abort(reason);
    this.stopWork?.();
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
