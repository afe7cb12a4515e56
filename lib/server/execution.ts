import { isObservable } from 'rxjs';
import type { UserCode } from '../diagnostics/user-code.js';
import { RpcError } from '../errors/rpc-error.js';
import { runInside } from '../protocol/enclosing-call.js';
import { Due } from '../protocol/deadlines.js';
import { CallSignal } from './call-signal.js';
import { HandlerScope } from './handler-scope.js';
import type { IncomingCall, Stoppable } from './incoming-call.js';
import { ObservedValues } from './observed-values.js';
import type { Outcome } from './outcome.js';
import { isPullable, PulledValues } from './pulled-values.js';
import { endsTheCall, stopError, type StopReason } from './stop-reasons.js';
import type { ValueSink, ValueSource } from './value-source.js';

/** Who has a handler run. */
export interface ExecutionOwner {
  readonly userCode: UserCode;
  /** The handler has ended: its place is free. Called once. */
  onEnded(call: IncomingCall): void;
  /** The handler has ended, and is to run again after so long. @returns false when the call is over: it has just ended. */
  onRest(call: IncomingCall, pauseMs: number): boolean;
  /** It has ended, and its time limit means nothing any more. */
  onInTime(timed: TimedRun): void;
  /** It was ended from outside: its deadline means nothing any more. */
  onStopped(call: IncomingCall): void;
  /** Nobody waits any more, and the handler runs on. Called once at most, and before `onEnded`. */
  onAbandoned(call: IncomingCall): void;
  /** Milliseconds until the caller gives up, at least; Infinity when it never does. */
  timeLeftMs(call: IncomingCall): number;
  /** @returns what becomes of what a handler threw. */
  failureOf(call: IncomingCall, thrown: unknown): RpcError;
}

/** A run whose handler has a time limit. */
export class TimedRun extends Due {
  constructor(readonly execution: Execution) {
    super();
  }
}

/**
 * One run of a handler: what it gives or throws becomes the outcome, value by value.
 *
 * It holds its place for as long as its handler runs, also when nobody waits for it any more: a promise until it is settled, an
 * Observable until it is unsubscribed, an iterable until its `return()` is done.
 */
export class Execution implements Stoppable, ValueSink {
  private state: 'starting' | 'running' | 'ended' = 'starting';
  private source: ValueSource | undefined;
  private callSignal: CallSignal | undefined;
  private stoppedBy: StopReason | undefined;
  private onEnded: (() => void) | undefined;
  private restMs: number | undefined;
  private scope: HandlerScope | undefined;
  private timed: TimedRun | undefined;
  private timedOut: RpcError | undefined;
  private retryAfterMs: number | undefined;

  constructor(
    readonly call: IncomingCall,
    private readonly outcome: Outcome,
    private readonly owner: ExecutionOwner,
  ) {}

  /** Aborts when nobody waits any more, with an RpcError for its reason; made when it is first asked for. */
  get signal(): AbortSignal {
    if (this.callSignal === undefined) {
      this.callSignal = new CallSignal(this.owner.userCode);
      const reason = this.timedOut ?? (this.stoppedBy && stopError(this.stoppedBy));
      if (reason !== undefined) this.callSignal.abort(reason);
    }
    return this.callSignal.signal;
  }

  /** Runs what leads to the handler, and the handler, so that calls made there are inside this one. */
  runInside(code: () => void): void {
    const { call, owner } = this;
    this.scope = new HandlerScope(call.message.pattern, () => owner.timeLeftMs(call));
    runInside(this.scope, code);
  }

  /** A header of its answer. Without effect once that is on its way, and for a caller that would not know what it is. */
  setHeader(name: string, value: string): void {
    this.outcome.setHeader?.(name, value);
  }

  /** How far it has come. */
  progress(value: unknown): void {
    this.outcome.progress?.(value);
  }

  /** The handler is called now. @returns false when it is not to be: it was called already, or nobody waits any more. */
  begin(): boolean {
    if (this.state !== 'starting' || this.call.isOver) return false;
    this.state = 'running';
    return true;
  }

  /** Whether the next value would leave soon. */
  get writable(): boolean {
    return this.call.isOver || (this.outcome.isWritable ?? true);
  }

  /** Resolves when the next value would leave soon, or nobody waits any more. */
  async whenWritable(): Promise<void> {
    while (!this.writable) await this.outcome.room();
  }

  /** It has so much time of its own. */
  limit(timed: TimedRun): void {
    this.timed = timed;
  }

  /** It took too long: its caller hears of that now, and it is stopped as for one who waits no more. */
  timeOut(error: RpcError): void {
    if (this.state === 'ended' || this.call.isOver) return;
    this.timedOut = error;
    this.outcome.stopped?.();
    this.outcome.error(error);
    this.callSignal?.abort(error);
    this.scope?.stop(error);
    if (this.state === 'starting') this.ended();
    else this.source?.cancel();
    this.scope?.endInnerCalls();
    if (this.isRunning()) setImmediate(() => this.abandon());
  }

  /** An error that it ends with says so, where it says nothing else. */
  retryAfter(ms: number): void {
    this.retryAfterMs = ms;
  }

  /** Runs when the handler has ended. */
  whenEnded(callback: () => void): void {
    if (this.state === 'ended') callback();
    else this.onEnded = callback;
  }

  /** @param result what the handler gave: a value, an Observable or iterable, or a promise of one */
  follow(result: unknown): void {
    Promise.resolve(result).then(
      (value) => this.take(value),
      (error: unknown) => this.fail(error),
    );
  }

  /** The handler gave nothing but this error. */
  fail(error: unknown): void {
    if (this.state === 'ended') return;
    this.error(error);
    this.ended();
  }

  /** It is not run at all, and not tried again either. */
  refuse(error: RpcError): void {
    this.outcome.refuse(error);
    this.ended();
  }

  /** Nobody waits for it here any more. */
  stop(_call: IncomingCall, reason: StopReason): void {
    this.stoppedBy = reason;
    this.outcome.stopped?.();
    this.owner.onStopped(this.call);
    this.callSignal?.abort(stopError(reason));
    this.scope?.stop(stopError(reason));
    // A hook that has not let its handler start holds no place: it may never do so.
    if (this.state === 'starting') this.ended();
    else this.source?.cancel();
    this.scope?.endInnerCalls();
    if (this.isRunning() && endsTheCall(reason)) setImmediate(() => this.abandon());
  }

  next(value: unknown): boolean {
    return this.outcome.next(value);
  }

  complete(): void {
    this.outcome.complete();
  }

  error(error: unknown): void {
    if (this.isOfItsOwnEnd(error)) return;
    const failure = withPushback(this.owner.failureOf(this.call, error), this.retryAfterMs);
    this.restMs = this.call.isOver ? undefined : this.outcome.restMs(failure);
    if (this.restMs === undefined) this.outcome.error(failure);
  }

  ended(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.scope?.end();
    if (this.timed !== undefined) this.owner.onInTime(this.timed);
    const rests = this.restMs !== undefined && this.owner.onRest(this.call, this.restMs);
    if (!rests) this.owner.onEnded(this.call);
    this.onEnded?.();
  }

  room(): Promise<void> | undefined {
    return this.outcome.room();
  }

  /** What calls inside were ended with is no news: it is what this one was ended for. */
  private isOfItsOwnEnd(error: unknown): boolean {
    const reason = this.scope?.stopped;
    if (reason === undefined) return false;
    try {
      return error instanceof RpcError && error.cause === reason;
    } catch {
      return false;
    }
  }

  private isRunning(): boolean {
    return this.state === 'running';
  }

  private abandon(): void {
    if (this.isRunning()) this.owner.onAbandoned(this.call);
  }

  private take(result: unknown): void {
    try {
      if (typeof result === 'object' && result !== null) this.source = this.sourceOf(result);
    } catch (error) {
      return this.fail(error);
    }
    if (this.source !== undefined) return this.followSource(this.source);
    this.outcome.value(result);
    this.ended();
  }

  private followSource(source: ValueSource): void {
    if (!this.call.isOver) return source.start();
    // What was never subscribed to needs no end; what is pulled may hold something open.
    if (source instanceof ObservedValues) this.ended();
    else source.cancel();
  }

  /** Undefined for a value. */
  private sourceOf(result: object): ValueSource | undefined {
    const { userCode } = this.owner;
    if (isObservable(result)) return new ObservedValues(result, this, userCode);
    return isPullable(result) ? new PulledValues(result, this, userCode) : undefined;
  }
}

const withPushback = (failure: RpcError, retryAfterMs: number | undefined): RpcError => {
  if (retryAfterMs === undefined || failure.retryAfterMs !== undefined) return failure;
  const { status, message, details, retryable, cause } = failure;
  return new RpcError(status, message, { details, retryable, cause, retryAfterMs });
};
