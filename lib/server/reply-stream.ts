import { isRetryable, RpcStatus } from '../errors/status.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CompleteMessage, ErrorMessage } from '../protocol/message.js';
import type { BrokerClock } from '../wire/broker-clock.js';
import type { Codec } from '../wire/codec.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Outbox } from '../wire/outbox.js';
import type { IncomingCall } from './incoming-call.js';
import type { Outcome } from './outcome.js';

/** What replies need on their way out. */
export interface ReplyRoad {
  readonly outbox: Outbox;
  readonly codec: Codec;
  readonly clock: BrokerClock;
}

const EMPTY = Buffer.alloc(0);
const RESEND_MS = 200;
const MAX_MESSAGE_CHARACTERS = 8_192;

/**
 * The answer of one execution: values, then one end. The call is finished when the broker has the end, or when nobody waits
 * for it any more; until then its offset is not committed, so that another server would run it again. Nothing is sent
 * once the work was ended from outside.
 */
export class ReplyStream implements Outcome {
  /** How many values were sent. */
  private index = 0;
  /**
   * The last value, for as long as this turn lasts: most streams end right behind it, and those of one value, as any
   * Nest interceptor makes of a plain result, are then one message.
   */
  private held: Buffer | undefined;
  private isEnded = false;

  constructor(
    private readonly call: IncomingCall,
    private readonly to: Destination,
    private readonly run: number,
    private readonly road: ReplyRoad,
  ) {}

  next(value: unknown): boolean {
    if (this.isOver()) return false;
    try {
      this.hold(this.serialize(value));
    } catch (error) {
      this.error(RpcError.from(error));
    }
    return !this.isEnded;
  }

  complete(): void {
    this.end(() => this.completeMessage(this.takeHeld()));
  }

  value(value: unknown): void {
    this.end(() => this.completeMessage(this.serialize(value)));
  }

  error(error: RpcError): void {
    this.end(() => {
      this.sendHeld();
      return this.errorMessage(error);
    });
  }

  private hold(payload: Buffer): void {
    this.sendHeld();
    this.held = payload;
    queueMicrotask(() => this.sendHeldInTime());
  }

  private takeHeld(): Buffer | null {
    const payload = this.held ?? null;
    this.held = undefined;
    return payload;
  }

  private sendHeldInTime(): void {
    if (this.isOver()) return;
    try {
      this.sendHeld();
    } catch (error) {
      this.error(RpcError.from(error));
    }
  }

  private sendHeld(): void {
    const payload = this.takeHeld();
    if (payload === null) return;
    const { seq } = this.call.origin.message;
    const message = { kind: 'next', seq, run: this.run, index: this.index, payload } as const;
    this.road.outbox.send(this.to, message, {
      settled: (error) => error !== undefined && this.breakOff(error),
    });
    this.index += 1;
  }

  /** The caller lacks a value: what follows would be out of order. */
  private breakOff(error: RpcError): void {
    this.held = undefined;
    this.error(error);
  }

  private end(message: () => CompleteMessage | ErrorMessage): void {
    if (this.isOver()) return;
    this.isEnded = true;
    let last: CompleteMessage | ErrorMessage;
    try {
      last = message();
    } catch (error) {
      last = this.errorMessage(RpcError.from(error));
    }
    this.sendEnd(last);
  }

  private isOver(): boolean {
    return this.isEnded || this.call.stopReason !== undefined;
  }

  private sendEnd(message: CompleteMessage | ErrorMessage): void {
    try {
      this.road.outbox.send(this.to, message, { settled: (error) => this.onEndSettled(message, error) });
    } catch (error) {
      this.onEndSettled(message, RpcError.from(error));
    }
  }

  private onEndSettled(message: CompleteMessage | ErrorMessage, error: RpcError | undefined): void {
    if (error === undefined) return this.call.finish();
    if (this.call.stopReason !== undefined) return;
    const timeLeftMs = this.call.timeLeftMs(this.road.clock.now());
    if (timeLeftMs <= 0) return this.call.finish();
    if (isRetryable(error.status) && error.retryable) {
      setTimeout(() => this.sendEnd(message), Math.min(RESEND_MS, timeLeftMs));
    } else if (message.kind === 'complete' || message.details.length > 0) {
      this.sendEnd({ ...this.errorMessage(error), details: EMPTY });
    } else {
      this.call.finish();
    }
  }

  private completeMessage(payload: Buffer | null): CompleteMessage {
    return { kind: 'complete', ...this.replyFacts(), index: this.index, payload };
  }

  private errorMessage(error: RpcError): ErrorMessage {
    const { status, retryable } = error;
    const message = error.message.slice(0, MAX_MESSAGE_CHARACTERS);
    return { kind: 'error', ...this.replyFacts(), status, message, retryable, details: this.details(error) };
  }

  private replyFacts(): Pick<CompleteMessage, 'seq' | 'run' | 'receivedAtMs' | 'repliedAtMs'> {
    const { message, receivedAtMs } = this.call.origin;
    return { seq: message.seq, run: this.run, receivedAtMs, repliedAtMs: this.road.clock.now() };
  }

  private serialize(value: unknown): Buffer {
    try {
      return this.road.codec.serializer.serialize(value);
    } catch (cause) {
      const { pattern } = this.call.origin.message;
      const reason = RpcError.from(cause).message;
      throw new RpcError(RpcStatus.INTERNAL, `The result of "${pattern}" cannot be serialized: ${reason}`, {
        cause,
      });
    }
  }

  private details(error: RpcError): Buffer {
    if (error.details === undefined) return EMPTY;
    try {
      return this.road.codec.serializer.serialize(error.details);
    } catch {
      // The error itself matters more than its details.
      return EMPTY;
    }
  }
}
