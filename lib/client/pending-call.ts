import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Due } from '../protocol/deadlines.js';
import { isSameInstance } from '../protocol/instance-id.js';
import type { CompleteMessage, ErrorMessage, NextMessage, ServerTimes } from '../protocol/message.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Delivery } from '../wire/outgoing-record.js';
import type { Serializer } from '../wire/serializer.js';
import type { ServiceStanding } from './service-standing.js';

/** Who waits for a call. `error` and `complete` end it; nothing is called after. */
export interface CallObserver {
  next(value: unknown): void;
  /** Told who answered, and when that server had the call. */
  complete(server: Buffer, times: ServerTimes): void;
  error(error: RpcError): void;
}

/** What a caller holds while it waits. Made so that RxJS takes it as it is. */
export interface OpenCall {
  /** Cancels the call, at the server too; without effect once it has ended. */
  unsubscribe(): void;
}

/** What a call has when it is over. */
const NOBODY: CallObserver = Object.freeze({
  next: () => undefined,
  complete: () => undefined,
  error: () => undefined,
});

/** What the caller holds of a call that has ended before it was sent. */
export const NOTHING_OPEN: OpenCall = Object.freeze({ unsubscribe: () => undefined });

/** What a call is before it has an answer. */
export interface CallFacts {
  readonly seq: number;
  readonly pattern: string;
  readonly destination: Destination;
  /** What the caller asked for. */
  readonly timeoutMs: number;
}

/** Whoever sent a call: one for all calls of a client. */
export interface CallHome {
  /** Closing a client ends its own calls only. */
  readonly owner: object;
  readonly serializer: Serializer;
  /** How things stand with the servers that are to answer. */
  readonly standing: ServiceStanding;
  onSettled(call: PendingCall): void;
  /** The caller is gone before the answer was there. */
  onCancelled(call: PendingCall): void;
}

/**
 * One call that waits for its answer: takes replies in order, and settles exactly once.
 *
 * A call may be executed twice, when its server died or lost its partition. Values of two executions never mix: the first
 * execution heard of is the one that counts, and a stream that another execution interrupts fails with `ABORTED`.
 *
 * All that an open call takes is this object: callers have thousands of them open.
 */
export class PendingCall extends Due implements Delivery, OpenCall {
  readonly seq: number;
  readonly pattern: string;
  readonly destination: Destination;
  readonly timeoutMs: number;
  private isSettled = false;
  private isAcknowledged = false;
  private isAbandoned = false;
  private isExpired = false;
  private server: Buffer | undefined = undefined;
  private run = 0;
  private received = 0;

  constructor(
    facts: CallFacts,
    private observer: CallObserver,
    readonly home: CallHome,
  ) {
    super();
    this.seq = facts.seq;
    this.pattern = facts.pattern;
    this.destination = facts.destination;
    this.timeoutMs = facts.timeoutMs;
  }

  /** The server whose values were taken; undefined before the first. */
  get answeredBy(): Buffer | undefined {
    return this.server;
  }

  /** Whether its time was over before the broker had the request, which may so still be on its way to a server. */
  get isStale(): boolean {
    return this.isExpired && !this.isAcknowledged;
  }

  /** The broker took the request, or did not. */
  settled(error?: RpcError): void {
    if (error === undefined) this.isAcknowledged = true;
    else this.fail(error);
  }

  next(message: NextMessage, server: Buffer): void {
    if (!this.isInOrder(message, server)) return;
    this.received += 1;
    this.emit(message.payload);
  }

  complete(message: CompleteMessage, server: Buffer): void {
    if (!this.isInOrder(message, server)) return;
    // Settled first: a caller that unsubscribes on its only value must not be taken for one that cancels.
    this.settle();
    const isRead = message.payload === null || this.emit(message.payload);
    if (isRead && !this.isAbandoned) this.observer.complete(server, message);
    this.letGo();
  }

  failed(message: ErrorMessage): void {
    this.fail(
      new RpcError(message.status, message.message, {
        retryable: message.retryable,
        details: this.readDetails(message.details),
      }),
    );
  }

  expire(): void {
    this.isExpired = true;
    const { pattern, timeoutMs } = this;
    const fate = this.isAcknowledged
      ? 'The broker has the request: the handler may have run, or may still be running.'
      : 'The broker has not acknowledged the request: it may or may not run.';
    const heard = this.home.standing.explainSilence(this.seq);
    const message = `No answer to "${pattern}" within ${timeoutMs} ms. ${fate}${heard}`;
    this.fail(new RpcError(RpcStatus.DEADLINE_EXCEEDED, message));
  }

  fail(error: RpcError): void {
    if (!this.settle()) return;
    this.observer.error(error);
    this.letGo();
  }

  /** The caller is gone: nothing is told any more. */
  unsubscribe(): void {
    this.isAbandoned = true;
    if (this.settle()) this.home.onCancelled(this);
    this.letGo();
  }

  private settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.home.onSettled(this);
    return true;
  }

  /**
   * RxJS keeps an unsubscribed call in an array, and V8 may have made that array among old objects (docs/performance.md): what it
   * leads to would then stay until the next full collection.
   */
  private letGo(): void {
    this.observer = NOBODY;
  }

  private emit(payload: Buffer): boolean {
    let value: unknown;
    try {
      value = this.home.serializer.deserialize(payload);
    } catch (cause) {
      const message = `The reply to "${this.pattern}" cannot be deserialized: ${RpcError.from(cause).message}`;
      this.settle();
      this.observer.error(new RpcError(RpcStatus.INTERNAL, message, { cause }));
      return false;
    }
    this.observer.next(value);
    return true;
  }

  private isInOrder(message: NextMessage | CompleteMessage, server: Buffer): boolean {
    if (this.isSettled) return false;
    if (this.server === undefined) this.adopt(message.run, server);
    else if (message.run !== this.run || !isSameInstance(this.server, server))
      return this.meetOtherExecution(message.run, server);
    if (message.index === this.received) return true;
    if (message.index > this.received) this.fail(this.gap(message.index));
    return false;
  }

  private adopt(run: number, server: Buffer): void {
    this.run = run;
    this.server = server;
  }

  private meetOtherExecution(run: number, server: Buffer): false {
    this.fail(
      new RpcError(
        RpcStatus.ABORTED,
        `"${this.pattern}" was started again (run ${run} on server ${server.toString('hex')}) after ` +
          `${this.received} values of its stream: call again if the handler may run twice.`,
      ),
    );
    return false;
  }

  private gap(index: number): RpcError {
    return new RpcError(
      RpcStatus.DATA_LOSS,
      `Value ${this.received} of the stream of "${this.pattern}" is missing: value ${index} came instead.`,
    );
  }

  private readDetails(details: Buffer): unknown {
    if (details.length === 0) return undefined;
    try {
      return this.home.serializer.deserialize(details);
    } catch {
      // The error itself matters more than its details.
      return undefined;
    }
  }
}
