import type { Subscriber } from 'rxjs';
import type { RpcError } from '../errors/rpc-error.js';
import type { CallObserver } from './pending-call.js';

/** Passes the answer of one call made with `send()` to whoever subscribed to it. */
export class SubscribedCall implements CallObserver {
  /** @param toThrown what becomes of an error before the subscriber has it */
  constructor(
    private readonly subscriber: Subscriber<unknown>,
    private readonly toThrown: (error: RpcError) => unknown,
  ) {}

  next(value: unknown): void {
    this.subscriber.next(value);
  }

  complete(): void {
    this.subscriber.complete();
  }

  error(error: RpcError): void {
    this.subscriber.error(this.toThrown(error));
  }
}
