import { isRetryable, RpcStatus } from '../errors/status.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CompleteMessage, ErrorMessage, KeptEnd, NextMessage } from '../protocol/message.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Delivery, OutgoingMessage } from '../wire/outgoing-record.js';
import type { IncomingCall } from './incoming-call.js';
import type { Outcome } from './outcome.js';
import {
  completeMessage,
  errorInPlaceOf,
  errorMessage,
  isBare,
  keepsApart,
  serializeResult,
  statusOf,
} from './reply-messages.js';
import { ReplyNotes } from './reply-notes.js';
import type { ReplyTransport } from './reply-transport.js';
import { OutgoingValues } from './streams/outgoing-values.js';

const A_VALUE = { kind: 'next' } as const;
const RESEND_MS = 200;
/** After a refusal: whoever gives rights back is no faster. */
const RESEND_DENIED_MS = 1_000;

/** What the broker refuses for now: the right to write replies, or the login, was taken away, and is usually given back. */
const NOT_PERMITTED: ReadonlySet<RpcStatus> = new Set([
  RpcStatus.PERMISSION_DENIED,
  RpcStatus.UNAUTHENTICATED,
]);

/**
 * The answer of one execution: values, then one end. The call is finished when the broker has the end, or when nobody waits
 * for it any more; until then its offset is not committed, so that another server would run it again. Nothing is sent
 * once the work was ended from outside.
 */
export class ReplyStream implements Outcome, Delivery {
  /** There from the second value on, and for those that are pulled: most answers have none. */
  private values: OutgoingValues | undefined;
  /**
   * The last value, for as long as this turn lasts: most streams end right behind it, and those of one value, as any
   * Nest interceptor makes of a plain result, are then one message.
   */
  private held: Buffer | undefined;
  private last: CompleteMessage | ErrorMessage | undefined;
  private isHeldInTime = false;
  /** One for all values: a stream may have millions, and most answers have none. */
  private valueDelivery: Delivery | undefined;
  private readonly isApart: boolean;
  /** There once its handler has told anything. */
  private notes: ReplyNotes | undefined;

  constructor(
    readonly call: IncomingCall,
    private readonly to: Destination,
    readonly run: number,
    readonly transport: ReplyTransport,
  ) {
    this.isApart = keepsApart(transport.codec, call.message.pattern);
  }

  next(value: unknown): boolean {
    if (!this.isWanted()) return false;
    this.hold(serializeResult(this, value));
    return true;
  }

  complete(): void {
    if (!this.call.answer()) return;
    if (this.values?.isOpen ?? true) return this.sendEnd(this.completeMessage(this.takeHeld()));
    this.endBehindValues(() => this.completeMessage(null));
  }

  value(value: unknown): void {
    if (!this.call.answer()) return;
    try {
      this.sendEnd(this.completeMessage(serializeResult(this, value)));
    } catch (error) {
      this.sendEnd(this.errorMessage(RpcError.from(error)));
    }
  }

  error(error: RpcError): void {
    if (this.call.answer()) this.endBehindValues(() => this.errorMessage(error));
  }

  refuse(error: RpcError): void {
    this.error(error);
  }

  /** An answer that was made before: the only value of the call, or its error. @param retryable whether the error may be over later */
  give(end: KeptEnd, retryable = false): void {
    if (!this.call.answer()) return;
    if ('payload' in end) return this.sendEnd(this.completeMessage(end.payload));
    const { status, message, details } = end;
    this.sendEnd({ ...this.errorMessage(new RpcError(status, message, { retryable })), details });
  }

  /** A caller that has had a value cannot have it a second time. */
  restMs(error: RpcError): number | undefined {
    if (this.values?.isEmpty === false || this.held !== undefined) return undefined;
    return this.transport.retries?.restMs(this.call, error);
  }

  /** The broker has the end, or did not take it. */
  delivered(error?: RpcError): void {
    if (error === undefined) return this.call.finish('answered', statusOf(this.last));
    if (this.call.isOver || this.last === undefined) return;
    this.onEndLost(this.last, error);
  }

  setHeader(name: string, value: string): void {
    this.openNotes()?.setHeader(name, value);
  }

  progress(value: unknown): void {
    this.openNotes()?.progress(value);
  }

  room(): Promise<void> | undefined {
    return (this.values ??= this.newValues()).room(this.heldCount);
  }

  get isWritable(): boolean {
    return (this.values ??= this.newValues()).hasRoom(this.heldCount);
  }

  stopped(): void {
    this.held = undefined;
    this.values?.drop();
  }

  /** The end is too large for the broker: the caller hears of that in its place. */
  replace(error: RpcError): OutgoingMessage | undefined {
    if (this.last === undefined || isBare(this.last)) return undefined;
    this.last = errorInPlaceOf(this.last, this, error);
    return { message: this.last, delivery: this };
  }

  /** Undefined when nobody would hear of them. */
  private openNotes(): ReplyNotes | undefined {
    const { message, origin } = this.call;
    if (origin.caller.takesNotes !== true || !this.isWanted()) return undefined;
    const { to, run, isApart, transport } = this;
    const { outbox, codec } = transport;
    const { seq, pattern } = message;
    return (this.notes ??= new ReplyNotes({ outbox, codec, to, seq, run, pattern, isApart }));
  }

  private hold(payload: Buffer): void {
    this.sendHeld();
    this.held = payload;
    if (this.isHeldInTime) return;
    this.isHeldInTime = true;
    queueMicrotask(() => this.sendHeldInTime());
  }

  private takeHeld(): Buffer | null {
    const payload = this.held ?? null;
    this.held = undefined;
    return payload;
  }

  private sendHeldInTime(): void {
    this.isHeldInTime = false;
    if (!this.isWanted()) return;
    try {
      this.sendHeld();
    } catch (error) {
      this.breakOff(RpcError.from(error));
    }
  }

  private sendHeld(): void {
    const payload = this.takeHeld();
    if (payload === null) return;
    this.notes?.sendNewHeaders();
    (this.values ??= this.newValues()).add(payload);
  }

  private get heldCount(): number {
    return this.held === undefined ? 0 : 1;
  }

  private newValues(): OutgoingValues {
    const { call, run, transport } = this;
    const { seq, pattern } = call.message;
    return new OutgoingValues({
      ...{ seq, pattern, run },
      credit: call.streamCredit(),
      waiting: transport.streams?.waiting,
      overflow: transport.streams?.overflowOf(pattern) ?? 'buffer',
      send: (message) => this.sendValue(message),
      onLost: (error) => this.breakOff(error),
    });
  }

  private sendValue(message: NextMessage): void {
    this.valueDelivery ??= {
      delivered: (error) => this.onValueDelivered(error),
      replace: (error) => this.replaceValue(error),
    };
    this.transport.outbox.send(this.to, message, this.valueDelivery, this.isApart);
  }

  private onValueDelivered(error?: RpcError): void {
    this.values?.acknowledged();
    if (error !== undefined) this.breakOff(error);
  }

  /** The last value is one of them: whatever keeps it from being sent is the end in place of this one. */
  private endBehindValues(end: () => CompleteMessage | ErrorMessage): void {
    try {
      this.sendHeld();
    } catch (lastValue) {
      return this.sendEnd(this.errorMessage(RpcError.from(lastValue)));
    }
    if (this.values === undefined) this.sendEnd(end());
    else this.values.finish(() => this.sendEnd(end()));
  }

  /** A value is too large for the broker: the stream ends in its place, before what follows it. */
  private replaceValue(error: RpcError): OutgoingMessage {
    this.values?.acknowledged();
    const hasEnd = this.dropValues();
    const message = errorInPlaceOf(A_VALUE, this, error);
    // An end that is on its way already finishes the call.
    if (!hasEnd && !this.call.answer()) return { message };
    this.last = message;
    this.call.endWork();
    return { message, delivery: this };
  }

  /** The caller lacks a value: what follows would be out of order. */
  private breakOff(error: RpcError): void {
    const hasEnd = this.dropValues();
    if (hasEnd && !this.call.isOver) return this.sendEnd(this.errorMessage(error));
    if (!this.isWanted()) return;
    this.error(error);
    this.call.endWork();
  }

  /** @returns whether an end waited behind them: the call has no other yet */
  private dropValues(): boolean {
    const hasEnd = this.values?.hasEnd ?? false;
    this.held = undefined;
    this.values?.drop();
    return hasEnd;
  }

  /** Whether somebody waits for more: no end is on its way, and nobody ended the work. */
  private isWanted(): boolean {
    return this.call.state === 'running';
  }

  private sendEnd(message: CompleteMessage | ErrorMessage): void {
    this.last = message;
    try {
      this.notes?.close();
      this.notes?.sendHeaders();
      this.transport.outbox.send(this.to, message, this, this.isApart);
    } catch (error) {
      this.delivered(RpcError.from(error));
    }
  }

  private onEndLost(message: CompleteMessage | ErrorMessage, error: RpcError): void {
    const timeLeftMs = this.call.timeLeftMs(this.transport.clock);
    if (timeLeftMs <= 0) return this.call.finish('expired', RpcStatus.DEADLINE_EXCEEDED);
    const isDenied = NOT_PERMITTED.has(error.status);
    if (isDenied) this.transport.counters.add('repliesHeld');
    if (isDenied || (isRetryable(error.status) && error.retryable)) {
      // The call stays unfinished: its offset is not committed, and its handler does not run again.
      const afterMs = isDenied ? RESEND_DENIED_MS : RESEND_MS;
      setTimeout(() => this.sendEnd(message), Math.min(afterMs, timeLeftMs));
    } else if (!isBare(message)) {
      this.sendEnd(errorInPlaceOf(message, this, error));
    } else {
      this.call.finish('failed', error.status);
    }
  }

  private completeMessage(payload: Buffer | null): CompleteMessage {
    return completeMessage(this, this.values?.sent ?? 0, payload);
  }

  private errorMessage(error: RpcError): ErrorMessage {
    return errorMessage(this, error);
  }
}
