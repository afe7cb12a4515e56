import { Observable } from 'rxjs';
import type { RpcReply } from './rpc-reply.js';

/**
 * The answer of a typed call: `await` it for its value, or subscribe to it as to that of `send()`. The call is made when that is done, and
 * not before; several `await` of one answer make one call, each subscription makes its own.
 */
export class ServiceAnswer<Value> extends Observable<Value> implements PromiseLike<Value> {
  private awaited: Promise<RpcReply<Value>> | undefined;

  /** @internal */
  constructor(
    answer: Observable<Value>,
    private readonly makeCall: () => Promise<RpcReply<Value>>,
  ) {
    super((subscriber) => answer.subscribe(subscriber));
  }

  /** The value with who answered and how long it took, as `call()` gives it. Not for events. */
  reply(): Promise<RpcReply<Value>> {
    return (this.awaited ??= this.makeCall());
  }

  then<Fulfilled = Value, Rejected = never>(
    onFulfilled?: ((value: Value) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((error: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.reply()
      .then(({ value }) => value)
      .then(onFulfilled, onRejected);
  }

  catch<Rejected = never>(
    onRejected?: ((error: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Value | Rejected> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Value> {
    return this.then().finally(onFinally);
  }
}
