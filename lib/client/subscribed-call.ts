import { AsyncResource } from 'node:async_hooks';
import type { Subscriber } from 'rxjs';
import type { UserCode } from '../diagnostics/user-code.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { CallObserver } from './pending-call.js';

/** What a client does with what it hands to its subscribers; one for all its calls. */
export interface AnswerHooks {
  readonly userCode: UserCode;
  /** Nest's `serializeResponse`, which a subclass may override. */
  toValue(value: unknown): unknown;
  /** Nest's `serializeError`, which a subclass may override. */
  toThrown(error: RpcError): unknown;
}

/**
 * Passes the answer of one call made with `send()`, or the outcome of an event, to a subscriber.
 *
 * The subscriber runs in the async context in which it subscribed, not in that of the connection. What it throws, or what is
 * behind it (RxJS throws out of `error()` and `complete()` what a `finalize()` threw), stays here.
 */
export class SubscribedCall extends AsyncResource implements CallObserver {
  constructor(
    private readonly subscriber: Subscriber<unknown>,
    private readonly hooks: AnswerHooks,
  ) {
    super('KafkaRpcCall');
  }

  next(value: unknown): void {
    this.hooks.userCode.run('observer', () => this.runInAsyncScope(this.tellValue, this, value));
  }

  complete(): void {
    this.hooks.userCode.run('observer', () => this.runInAsyncScope(this.tellEnd, this));
  }

  error(error: RpcError): void {
    this.hooks.userCode.run('observer', () => this.runInAsyncScope(this.tellError, this, error));
  }

  private tellValue(value: unknown): void {
    let given: unknown;
    try {
      given = this.hooks.toValue(value);
    } catch (error) {
      // A value that the app itself cannot translate is the end of its call.
      this.subscriber.error(error);
      return;
    }
    this.subscriber.next(given);
  }

  private tellEnd(): void {
    this.subscriber.complete();
  }

  private tellError(error: RpcError): void {
    let thrown: unknown;
    try {
      thrown = this.hooks.toThrown(error);
    } catch (failure) {
      thrown = failure;
    }
    this.subscriber.error(thrown);
  }
}
