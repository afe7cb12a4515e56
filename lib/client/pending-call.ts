import { beginningOfCall, msSince, type CallStatus, type ClientCallEnd } from '../diagnostics/call-ended.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Due } from '../protocol/deadlines.js';
import { isSameInstance } from '../protocol/instance-id.js';
import type {
  CompleteMessage,
  ErrorMessage,
  HeadersMessage,
  NextMessage,
  ProgressMessage,
  ServerTimes,
} from '../protocol/message.js';
import { NO_REPLY_HEADERS, type ReplyHeaders } from '../protocol/reply-notes.js';
import type { Credit } from '../protocol/stream-credit.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Delivery } from '../wire/outgoing-record.js';
import type { Serializer } from '../wire/serializer.js';
import { answeredError } from './answered-error.js';
import { HeardNotes } from './heard-notes.js';
import type { CallFacts } from './call-facts.js';
import { gap, otherExecution, unreadable } from './reply-errors.js';
import { timeoutText } from './timeout-text.js';
import type { ServiceState } from './service-state.js';
import { StreamWindow } from './stream-window.js';

/** Who waits for a call. `error` and `complete` end it; nothing is called after. */
export interface CallObserver {
  /** @param bytes of the value in the record */
  next(value: unknown, bytes?: number): void;
  /** @param server who answered @param times when that server had the call @param attempt which was answered. @default 1 */
  complete(server: Buffer, times: ServerTimes, attempt?: number): void;
  error(error: RpcError): void;
  /** @param headers all that were told so far; none of them holds when an execution without them counts */
  headers?(headers: ReplyHeaders): void;
  /** How far the call has come. */
  progress?(value: unknown): void;
  /** What else is to be said of the time that the call had, behind "within … ms". @default nothing */
  explainTimeout?(timeoutMs: number): string;
  /** What may be on its way to it. It says itself when it has taken a value. @default each is taken when it is told */
  readonly window?: StreamWindow | undefined;
}

/** What a caller holds while it waits. Made so that RxJS takes it as it is. */
export interface OpenCall {
  /** Cancels the call, at the server too; without effect once it has ended. */
  unsubscribe(): void;
}

/** A call that was handed over to be sent. */
export interface SentCall extends OpenCall {
  /** Whether it may have left this process. */
  readonly hasLeft: boolean;
}

/** What a call has when it is over. */
const NO_OBSERVER: CallObserver = Object.freeze({
  next: () => undefined,
  complete: () => undefined,
  error: () => undefined,
});

/** What all calls of a client have in common while it is connected. */
export interface CallOrigin {
  /** The client: closing it ends its own calls only. */
  readonly caller: object;
  readonly serializer: Serializer;
  readonly serviceState: ServiceState;
  /** What keeps the request from the broker, as the end of a sentence; undefined when nothing is known to. */
  whyDelayed(call: PendingCall): string | undefined;
  /** Called once per call, before its observer. Must not throw. */
  onEnd(call: PendingCall, how: ClientCallEnd, status: CallStatus, times?: ServerTimes): void;
  /** @param frame the request that could not be written @returns whether it is on its way again. Must not throw. */
  sendElsewhere(call: PendingCall, error: RpcError, frame: Buffer): boolean;
  /** More values of a stream are taken. Must not throw. */
  giveCredit(call: PendingCall, credit: Credit): void;
}

/**
 * One call that waits for its answer: takes replies in order, and ends exactly once.
 *
 *     open → answered | failed | refused | expired | cancelled
 *
 * A call may be executed twice, when its server died or lost its partition. Values of two executions never mix: the first
 * execution heard of is the one that counts, and a stream that another execution interrupts fails with `ABORTED`.
 *
 * All that an open call takes is this object: callers have thousands of them open.
 */
export class PendingCall extends Due implements Delivery, SentCall {
  readonly seq: number;
  readonly pattern: string;
  destination: Destination;
  readonly timeoutMs: number;
  readonly needsServer: boolean;
  private readonly begunAt: number;
  private state: 'open' | ClientCallEnd = 'open';
  /** Whether the broker is known to have the request; written here alone. */
  isDelivered = false;
  private isOnItsWay = false;
  private server: Buffer | undefined = undefined;
  private run = 0;
  private received = 0;
  /** There from the first value of a stream on. */
  private window: StreamWindow | undefined = undefined;
  /** There once a server told any. */
  private notes: HeardNotes | undefined = undefined;

  constructor(
    facts: CallFacts,
    private observer: CallObserver,
    readonly origin: CallOrigin,
  ) {
    super();
    this.seq = facts.seq;
    this.pattern = facts.pattern;
    this.destination = facts.destination;
    this.timeoutMs = facts.timeoutMs;
    this.needsServer = facts.needsServer === true;
    this.begunAt = beginningOfCall(facts.timeoutMs - (facts.ttlMs ?? facts.timeoutMs));
  }

  /** The server whose values were taken; undefined before the first. */
  get answeredBy(): Buffer | undefined {
    return this.server;
  }

  /** Whether the request has left this process. */
  get hasLeft(): boolean {
    return this.isOnItsWay;
  }

  /** Since it was made; undefined when nobody listened then. */
  get totalMs(): number | undefined {
    return msSince(this.begunAt);
  }

  get isOver(): boolean {
    return this.state !== 'open';
  }

  /** The request leaves this process. */
  leave(): void {
    this.isOnItsWay = true;
  }

  /** The broker did not take the request: it may go on another way. */
  elsewhere(error: RpcError, frame: Buffer): boolean {
    return this.origin.sendElsewhere(this, error, frame);
  }

  /** The broker took the request, or did not. */
  delivered(error?: RpcError): void {
    if (error === undefined) this.isDelivered = true;
    // Out of reach is not refused: the broker may have it.
    else this.endWith(error.status === RpcStatus.UNAVAILABLE ? 'failed' : 'refused', error);
  }

  next(message: NextMessage, server: Buffer): void {
    if (!this.isInOrder(message, server)) return;
    this.received += 1;
    this.emit(message.payload);
  }

  complete(message: CompleteMessage, server: Buffer): void {
    if (!this.isInOrder(message, server)) return;
    const { payload } = message;
    if (payload === null) this.end('answered', 'OK', message);
    else if (!this.completeWith(payload, message)) return;
    this.observer.complete(server, message);
    this.releaseObserver();
  }

  /** The server answers with an error. */
  error(answer: ErrorMessage): void {
    if (this.state !== 'open') return;
    this.endWith('answered', answeredError(answer, this.origin.serializer), answer);
  }

  headers(message: HeadersMessage, server: Buffer): void {
    const notes = this.notesOf(message.run, server);
    if (notes !== undefined) this.observer.headers?.(notes.add(message));
  }

  progress(message: ProgressMessage, server: Buffer): void {
    if (this.notesOf(message.run, server)?.isNew(message) !== true) return;
    this.observer.progress?.(this.origin.serializer.deserialize(message.payload));
  }

  expire(): void {
    const whose = this.observer.explainTimeout?.(this.timeoutMs) ?? '';
    const message = timeoutText<PendingCall>(this, this.origin, whose);
    // What never left this process does not run twice.
    this.endWith('expired', new RpcError(RpcStatus.DEADLINE_EXCEEDED, message, { retryable: !this.hasLeft }));
  }

  /** It cannot leave, or a server says that it does not take it. */
  refuse(error: RpcError): void {
    this.endWith('refused', error);
  }

  /** Ends with an error found on this side, while the server may be at it. */
  fail(error: RpcError): void {
    this.endWith('failed', error);
  }

  /** The caller is gone: its observer is not called any more. */
  unsubscribe(): void {
    this.releaseObserver();
    this.end('cancelled', RpcStatus.CANCELLED);
  }

  /** The only way out of `open`. @returns false if the call has ended before */
  private end(how: ClientCallEnd, status: CallStatus, times?: ServerTimes): boolean {
    if (this.state !== 'open') return false;
    this.state = how;
    this.origin.onEnd(this, how, status, times);
    return true;
  }

  private endWith(how: ClientCallEnd, error: RpcError, times?: ServerTimes): void {
    if (!this.end(how, error.status, times)) return;
    const { observer } = this;
    this.releaseObserver();
    observer.error(error);
  }

  /**
   * RxJS keeps an unsubscribed call in an array, and V8 may have made that array among old objects (docs/performance.md): what it
   * leads to would then stay until the next full collection.
   */
  private releaseObserver(): void {
    this.observer = NO_OBSERVER;
  }

  private emit(payload: Buffer): void {
    let value: unknown;
    try {
      value = this.origin.serializer.deserialize(payload);
    } catch (cause) {
      this.endWith('failed', unreadable(this.pattern, cause));
      return;
    }
    const { observer } = this;
    this.window ??= this.openWindow(observer);
    observer.next(value, payload.length);
    if (observer.window === undefined) this.window.taken(payload.length);
  }

  private openWindow({ window = new StreamWindow() }: CallObserver): StreamWindow {
    return window.bind((credit) => {
      if (this.state === 'open') this.origin.giveCredit(this, credit);
    });
  }

  /** @returns whether the value was told, and the end is to follow. */
  private completeWith(payload: Buffer, times: ServerTimes): boolean {
    let value: unknown;
    try {
      value = this.origin.serializer.deserialize(payload);
    } catch (cause) {
      // The server is done with it: there is nothing to cancel.
      this.endWith('answered', unreadable(this.pattern, cause), times);
      return false;
    }
    // Ended first: a caller that unsubscribes on its only value must not be taken for one that cancels.
    if (!this.end('answered', 'OK', times)) return false;
    this.observer.next(value, payload.length);
    return true;
  }

  private isInOrder(message: NextMessage | CompleteMessage, server: Buffer): boolean {
    if (this.state !== 'open') return false;
    if (this.server === undefined) this.adopt(message.run, server);
    else if (this.isOther(message.run, server)) {
      this.fail(otherExecution(this.pattern, this.received, message.run, server));
      return false;
    }
    if (message.index > this.received) this.fail(gap(this.pattern, this.received, message.index));
    return message.index === this.received;
  }

  /** Undefined when another execution is the one that counts. */
  private notesOf(run: number, server: Buffer): HeardNotes | undefined {
    if (this.state !== 'open' || this.isOther(run, server)) return undefined;
    if (this.notes?.isOf(run, server) !== true) this.notes = new HeardNotes(run, server);
    return this.notes;
  }

  private isOther(run: number, server: Buffer): boolean {
    return this.server !== undefined && (run !== this.run || !isSameInstance(this.server, server));
  }

  private adopt(run: number, server: Buffer): void {
    this.run = run;
    this.server = server;
    if (this.notes === undefined || this.notes.isOf(run, server)) return;
    this.notes = undefined;
    this.observer.headers?.(NO_REPLY_HEADERS);
  }
}
