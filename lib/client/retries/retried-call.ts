import type { RpcError } from '../../errors/rpc-error.js';
import { Due } from '../../protocol/deadlines.js';
import type { RequestMessage, ServerTimes } from '../../protocol/message.js';
import { NO_REPLY_HEADERS, type ReplyHeaders } from '../../protocol/reply-notes.js';
import type { CallObserver, OpenCall, SentCall } from '../pending-call.js';
import type { StreamWindow } from '../stream-window.js';
import type { CallPolicy } from './call-policies.js';
import type { RetryBudget } from './retry-budget.js';

/** Who sends the attempts of a call. */
export interface RetriedCallOwner {
  readonly budget: RetryBudget;
  /** How often the client was closed. */
  readonly closings: number;
  /** It waits for its next attempt. */
  rest(call: RetriedCall, pauseMs: number): void;
  /** It does not wait any more. */
  leave(call: RetriedCall): void;
  /** A retry was kept back by the budget. */
  onThrottled(): void;
}

/** What a call is before its first attempt. */
export interface RetriedCallFacts {
  /** For all attempts together. */
  readonly timeoutMs: number;
  readonly policy: CallPolicy;
  /** Sends an attempt. What is wrong with it is told to the call, which is the observer of its attempts. */
  readonly send: (call: RetriedCall) => SentCall;
}

/** What its attempts have in common. */
export interface Attempts {
  /** Of this attempt; 1 for the first. */
  readonly attempt: number;
  /** What was sent first: what its caller does to the data later does not matter. */
  message: RequestMessage | undefined;
  /** What is left of its time; undefined for all. */
  timeLeftMs(): number | undefined;
}

/**
 * A call that may be sent again when an attempt fails:
 *
 *     trying ⇄ resting
 *        └→ over ←┘
 *
 * Its caller sees one call: one deadline, one end. Only calls with a retry policy cost one of these; only resting ones are in a table.
 */
export class RetriedCall extends Due implements CallObserver, OpenCall, Attempts {
  attempt = 0;
  message: RequestMessage | undefined = undefined;
  private state: 'trying' | 'resting' | 'over' = 'trying';
  private hasValue = false;
  private hasHeaders = false;
  private open: SentCall | undefined = undefined;
  private readonly startedAt = performance.now();

  constructor(
    private readonly facts: RetriedCallFacts,
    private readonly observer: CallObserver,
    private readonly owner: RetriedCallOwner,
  ) {
    super();
  }

  /** The first attempt, or the next. */
  try(): this {
    this.attempt += 1;
    this.state = 'trying';
    this.open = undefined;
    const open = this.facts.send(this);
    // Its caller may have left while the data was serialized; or the attempt has failed, and another one follows.
    if (this.isIn('over')) open.unsubscribe();
    else if (this.isIn('trying')) this.open = open;
    return this;
  }

  timeLeftMs(): number | undefined {
    return this.attempt === 1 ? undefined : Math.max(1, Math.ceil(this.leftMs()));
  }

  get window(): StreamWindow | undefined {
    return this.observer.window;
  }

  next(value: unknown, bytes?: number): void {
    // What a caller has seen cannot be taken back.
    this.hasValue = true;
    this.observer.next(value, bytes);
  }

  headers(headers: ReplyHeaders): void {
    this.hasHeaders = true;
    this.observer.headers?.(headers);
  }

  progress(value: unknown): void {
    this.observer.progress?.(value);
  }

  complete(server: Buffer, times: ServerTimes): void {
    this.state = 'over';
    this.owner.budget.succeeded();
    this.observer.complete(server, times, this.attempt);
  }

  error(error: RpcError): void {
    if (this.state === 'over') return;
    const { closings } = this.owner;
    const pauseMs = this.pauseMs(error);
    // The retry rule is the app's: it may have left, or closed the client.
    if (!this.isIn('trying')) return;
    if (pauseMs === undefined || closings !== this.owner.closings) return this.end(error);
    this.state = 'resting';
    // They were those of an attempt that failed.
    if (this.hasHeaders) this.headers(NO_REPLY_HEADERS);
    this.owner.rest(this, pauseMs);
  }

  explainTimeout(timeoutMs: number): string {
    return this.observer.explainTimeout?.(timeoutMs) ?? '';
  }

  /** Its client closes: it does not wait any more. */
  fail(error: RpcError): void {
    if (this.state !== 'resting') return;
    this.owner.leave(this);
    this.end(error);
  }

  unsubscribe(): void {
    const { state } = this;
    this.state = 'over';
    if (state === 'resting') this.owner.leave(this);
    else if (state === 'trying') this.open?.unsubscribe();
  }

  private end(error: RpcError): void {
    this.state = 'over';
    this.observer.error(error);
  }

  private isIn(state: typeof this.state): boolean {
    return this.state === state;
  }

  private leftMs(): number {
    return this.facts.timeoutMs - (performance.now() - this.startedAt);
  }

  /** Undefined when the error is its end. */
  private pauseMs(error: RpcError): number | undefined {
    const { retry, isIdempotent } = this.facts.policy;
    const mayHaveRun = (this.open?.hasLeft ?? false) && !isUnstarted(error);
    if (this.hasValue || !retry.isRetried(error)) return undefined;
    if (mayHaveRun) this.owner.budget.failed();
    if ((mayHaveRun && !isIdempotent) || !retry.hasMore(this.attempt)) return undefined;
    const pauseMs = retry.pauseMs(this.attempt, error);
    if (pauseMs >= this.leftMs()) return undefined;
    // What never left this process burdens no server.
    if (!mayHaveRun || this.owner.budget.allows) return pauseMs;
    this.owner.onThrottled();
    return undefined;
  }
}

/** The server says that it did not start the handler. */
const isUnstarted = ({ origin, details }: RpcError): boolean =>
  origin === 'server' &&
  typeof details === 'object' &&
  details !== null &&
  (details as { readonly started?: unknown }).started === false;
