import type { RpcError } from '../errors/rpc-error.js';
import type { EnclosingCall, InnerCall } from '../protocol/enclosing-call.js';

/**
 * So long is what a stopped handler left behind still inside its call. Behind an interceptor a handler is an Observable, and ends here
 * when it is unsubscribed, while its function may go on.
 */
const LEFT_BEHIND_MS = 30_000;

/**
 * One run of a handler, as the calls made inside see it.
 *
 * Sockets and timers that were begun in the handler keep it for as long as they live: once over, it holds nothing of the call.
 */
export class HandlerScope implements EnclosingCall {
  private inner: Set<InnerCall> | undefined;
  private openUntilMs = Infinity;
  private reason: RpcError | undefined;

  /** @param remainingMs what is left of the call's time */
  constructor(
    readonly pattern: string,
    private remainingMs: (() => number) | undefined,
  ) {}

  get isOpen(): boolean {
    return this.openUntilMs === Infinity || performance.now() < this.openUntilMs;
  }

  get stopped(): RpcError | undefined {
    return this.reason;
  }

  timeLeftMs(): number {
    return this.remainingMs === undefined ? 0 : this.remainingMs();
  }

  add(call: InnerCall): void {
    (this.inner ??= new Set()).add(call);
  }

  delete(call: InnerCall): void {
    this.inner?.delete(call);
  }

  /** Nobody waits for the call here any more: nothing is begun inside from now on. Without effect once the handler has ended. */
  stop(reason: RpcError): void {
    if (this.remainingMs !== undefined) this.reason = reason;
  }

  /** Ends what is open inside of one that was stopped, behind what the handler itself does about it. */
  endInnerCalls(): void {
    const { inner, reason } = this;
    if (inner === undefined || reason === undefined) return;
    this.inner = undefined;
    for (const call of inner) call.endWith(reason);
  }

  /** The handler has ended. If it was not stopped, calls that it left open go on. */
  end(): void {
    this.remainingMs = undefined;
    this.openUntilMs = 0;
    if (this.reason === undefined) this.inner = undefined;
    else this.openUntilMs = performance.now() + LEFT_BEHIND_MS;
  }
}
