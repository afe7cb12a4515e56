import { isObservable, type Observable, type Subscription } from 'rxjs';
import { RpcError } from '../errors/rpc-error.js';
import type { IncomingCall, Stoppable } from './incoming-call.js';
import type { Outcome } from './outcome.js';

/**
 * One run of a handler: what it gives or throws becomes the outcome, value by value.
 *
 * It is over when its handler has ended, or as soon as nobody waits for it any more: a handler that does not listen to its
 * signal goes on, but holds no place.
 */
export class Execution implements Stoppable {
  private subscription: Subscription | undefined;
  private onEnded: (() => void) | undefined;
  private hasEnded = false;
  private isOver = false;

  /** @param onOver called once, when its place is free for another */
  constructor(
    readonly call: IncomingCall,
    private readonly outcome: Outcome,
    private readonly onOver: (call: IncomingCall) => void,
  ) {}

  /** Resolves when the handler has ended. */
  ended(): Promise<void> {
    if (this.hasEnded) return Promise.resolve();
    return new Promise((resolve) => (this.onEnded = resolve));
  }

  /** @param result what the handler gave: a value, an Observable, or a promise of either */
  follow(result: unknown): void {
    Promise.resolve(result).then(
      (value) => this.take(value),
      (error: unknown) => this.fail(error),
    );
  }

  fail(error: unknown): void {
    this.outcome.error(RpcError.from(error));
    this.end();
  }

  /** Nobody waits any more. */
  stop(): void {
    if (this.subscription === undefined) return this.leave();
    this.subscription.unsubscribe();
    this.end();
  }

  private take(result: unknown): void {
    if (!isObservable(result)) this.outcome.value(result);
    else if (this.call.stopReason === undefined) return this.subscribe(result);
    this.end();
  }

  private subscribe(values: Observable<unknown>): void {
    let isWanted = true;
    const subscription = values.subscribe({
      next: (value) => {
        isWanted &&= this.outcome.next(value);
        // Not there yet when a value comes while subscribing.
        if (!isWanted && this.subscription !== undefined) this.stop();
      },
      error: (error: unknown) => this.fail(error),
      complete: () => {
        this.outcome.complete();
        this.end();
      },
    });
    this.subscription = subscription;
    if (!isWanted || this.call.stopReason !== undefined) this.stop();
  }

  private end(): void {
    this.leave();
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.onEnded?.();
  }

  private leave(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onOver(this.call);
  }
}
