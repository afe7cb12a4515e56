import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { CompleteMessage, ErrorMessage, NextMessage } from '../protocol/message.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Delivery } from '../wire/outgoing-record.js';
import type { Serializer } from '../wire/serializer.js';
import type { Due } from '../protocol/deadlines.js';

/** Who waits for a call. `error` and `complete` end it; nothing is called after. */
export interface CallObserver {
  next(value: unknown): void;
  complete(answer: CallAnswer): void;
  error(error: RpcError): void;
}

/** Who answered, and when. */
export interface CallAnswer {
  readonly server: Buffer;
  readonly receivedAtMs: number;
  readonly repliedAtMs: number;
}

/** What a call is before it has an answer. */
export interface CallFacts {
  readonly seq: number;
  readonly pattern: string;
  readonly destination: Destination;
  /** What the caller asked for. */
  readonly timeoutMs: number;
  /** What is left of it: some may have been spent on connecting. */
  readonly timeLeftMs: number;
  /** Whose call it is: closing a client ends its own calls only. */
  readonly owner: object;
}

/**
 * One call that waits for its answer: takes replies in order, and settles exactly once.
 *
 * A call may be executed twice, when its server died or lost its partition. Values of two executions never mix: the first
 * execution heard of is the one that counts, and a stream that another execution interrupts fails with `ABORTED`.
 */
export class PendingCall implements Delivery, Due {
  dueTick = 0;
  private isSettled = false;
  private isAcknowledged = false;
  private isAbandoned = false;
  private isExpired = false;
  private server: Buffer | undefined;
  private run = 0;
  private received = 0;

  constructor(
    readonly facts: CallFacts,
    private readonly observer: CallObserver,
    private readonly serializer: Serializer,
    private readonly onSettled: (call: PendingCall) => void,
  ) {}

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
    if (message.payload !== null && !this.emit(message.payload)) return;
    if (this.isAbandoned) return;
    this.observer.complete({ server, receivedAtMs: message.receivedAtMs, repliedAtMs: message.repliedAtMs });
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
    const { pattern, timeoutMs } = this.facts;
    const fate = this.isAcknowledged
      ? 'The broker has the request: the handler may have run, or may still be running.'
      : 'The broker has not acknowledged the request: it may or may not run.';
    this.fail(
      new RpcError(RpcStatus.DEADLINE_EXCEEDED, `No answer to "${pattern}" within ${timeoutMs} ms. ${fate}`),
    );
  }

  fail(error: RpcError): void {
    if (this.settle()) this.observer.error(error);
  }

  /** The caller is gone: nothing is told any more. @returns whether the call was still open. */
  abandon(): boolean {
    this.isAbandoned = true;
    return this.settle();
  }

  private settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.onSettled(this);
    return true;
  }

  private emit(payload: Buffer): boolean {
    let value: unknown;
    try {
      value = this.serializer.deserialize(payload);
    } catch (cause) {
      const message = `The reply to "${this.facts.pattern}" cannot be deserialized: ${RpcError.from(cause).message}`;
      this.settle();
      this.observer.error(new RpcError(RpcStatus.INTERNAL, message, { cause }));
      return false;
    }
    this.observer.next(value);
    return true;
  }

  private isInOrder(message: NextMessage | CompleteMessage, server: Buffer): boolean {
    if (this.isSettled) return false;
    this.server ??= this.adopt(message.run, server);
    if (message.run !== this.run || !this.server.equals(server))
      return this.meetOtherExecution(message.run, server);
    if (message.index === this.received) return true;
    if (message.index > this.received) this.fail(this.gap(message.index));
    return false;
  }

  private adopt(run: number, server: Buffer): Buffer {
    this.run = run;
    return server;
  }

  private meetOtherExecution(run: number, server: Buffer): false {
    this.fail(
      new RpcError(
        RpcStatus.ABORTED,
        `"${this.facts.pattern}" was started again (run ${run} on server ${server.toString('hex')}) after ` +
          `${this.received} values of its stream: call again if the handler may run twice.`,
      ),
    );
    return false;
  }

  private gap(index: number): RpcError {
    return new RpcError(
      RpcStatus.DATA_LOSS,
      `Value ${this.received} of the stream of "${this.facts.pattern}" is missing: value ${index} came instead.`,
    );
  }

  private readDetails(details: Buffer): unknown {
    if (details.length === 0) return undefined;
    try {
      return this.serializer.deserialize(details);
    } catch {
      // The error itself matters more than its details.
      return undefined;
    }
  }
}
