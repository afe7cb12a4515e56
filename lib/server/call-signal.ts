import type { UserCode } from '../diagnostics/user-code.js';
import type { RpcError } from '../errors/rpc-error.js';

type Listener = Parameters<AbortSignal['addEventListener']>[1];
type ListenerOptions = Parameters<AbortSignal['addEventListener']>[2];

/**
 * A handler's `AbortSignal`. What its listeners throw, or reject with, is reported: out of a plain signal Node makes it an
 * uncaught exception, which ends the process.
 */
export class CallSignal {
  private readonly controller = new AbortController();

  constructor(userCode: UserCode) {
    guardListeners(this.controller.signal, userCode);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  abort(reason: RpcError): void {
    this.controller.abort(reason);
  }
}

const guardListeners = (signal: AbortSignal, userCode: UserCode): void => {
  const guarded = new WeakMap<object, (event: Event) => void>();
  const guardOf = (listener: Listener): ((event: Event) => void) => {
    const known = guarded.get(listener);
    if (known !== undefined) return known;
    const guard = (event: Event): void =>
      void userCode.run('listener', () => callListener(signal, listener, event));
    guarded.set(listener, guard);
    return guard;
  };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (
    type: string,
    listener: Listener | null | undefined,
    options?: ListenerOptions,
  ) => {
    // As of a plain signal: one that is not there is none.
    if (listener != null) add(type, guardOf(listener), options);
  };
  signal.removeEventListener = (
    type: string,
    listener: Listener | null | undefined,
    options?: ListenerOptions,
  ) => {
    if (listener != null) remove(type, guarded.get(listener) ?? listener, options);
  };
};

const callListener = (signal: AbortSignal, listener: Listener, event: Event): unknown =>
  typeof listener === 'function' ? listener.call(signal, event) : listener.handleEvent(event);
