import { isObservable, type Observable, type Subscription } from 'rxjs';
import { RpcError } from '../errors/rpc-error.js';
import type { IncomingCall, Stoppable } from './incoming-call.js';
import type { Outcome } from './outcome.js';

/** `abandoned`: its handler goes on though nobody waits for it; it holds no place. */
type ExecutionState = 'running' | 'abandoned' | 'ended';

/** One run of a handler: what it gives or throws becomes the outcome, value by value. */
export class Execution implements Stoppable {
  private state: ExecutionState = 'running';
  private subscription: Subscription | undefined;
  private onEnded: (() => void) | undefined;

  /** @param onPlaceFree called once, when its place is free for another: its handler has ended, or nobody waits for it any more */
  constructor(
    readonly call: IncomingCall,
    private readonly outcome: Outcome,
    private readonly onPlaceFree: (call: IncomingCall) => void,
  ) {}

  /** Resolves when the handler has ended. */
  ended(): Promise<void> {
    if (this.state === 'ended') return Promise.resolve();
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
    this.become('ended');
  }

  /** Nobody waits any more. */
  stop(): void {
    if (this.subscription === undefined) return this.become('abandoned');
    this.subscription.unsubscribe();
    this.become('ended');
  }

  private take(result: unknown): void {
    if (!isObservable(result)) this.outcome.value(result);
    else if (!this.call.isOver) return this.subscribe(result);
    this.become('ended');
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
        this.become('ended');
      },
    });
    this.subscription = subscription;
    if (!isWanted || this.call.isOver) this.stop();
  }

  private become(next: ExecutionState): void {
    const before = this.state;
    if (before === next || before === 'ended') return;
    this.state = next;
    if (before === 'running') this.onPlaceFree(this.call);
    if (next === 'ended') this.onEnded?.();
  }
}
