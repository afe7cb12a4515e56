import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Fifo } from '../wire/fifo.js';
import type { CallObserver, OpenCall } from './pending-call.js';
import type { StreamWindow } from './stream-window.js';
import type { AnswerHooks } from './subscribed-call.js';

/** What waits here at most, of a server that knows no credit; of others a window does. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

interface HeldValue<T> {
  readonly value: T;
  readonly bytes: number;
}

interface Taker<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** The values of one call, each given when it is asked for. What nobody asks for fills the window, and then the server waits. */
export class IteratedCall<T> implements CallObserver {
  private readonly held = new Fifo<HeldValue<T>>();
  private readonly takers = new Fifo<Taker<T>>();
  private heldBytes = 0;
  private state: 'new' | 'open' | 'ended' = 'new';
  private failure: { readonly error: unknown } | undefined;
  private call: OpenCall | undefined;

  /** @param begin starts the call, when the first value is asked for */
  constructor(
    readonly window: StreamWindow,
    private readonly hooks: Pick<AnswerHooks, 'toValue' | 'toThrown'>,
    private readonly begin: (observer: CallObserver) => OpenCall,
  ) {}

  iterator(): AsyncIterator<T, undefined> {
    return { next: () => this.take(), return: () => this.leave() };
  }

  next(given: unknown, bytes = 0): void {
    if (this.state !== 'open') return;
    let value: T;
    try {
      value = this.hooks.toValue(given) as T;
    } catch (error) {
      return this.break(error);
    }
    const taker = this.takers.shift();
    if (taker === undefined) return this.hold({ value, bytes });
    taker.resolve({ done: false, value });
    this.window.taken(bytes);
  }

  complete(): void {
    this.end();
  }

  error(error: RpcError): void {
    if (this.state === 'ended') return;
    try {
      this.end({ error: this.hooks.toThrown(error) });
    } catch (failure) {
      this.end({ error: failure });
    }
  }

  private hold(held: HeldValue<T>): void {
    this.held.push(held);
    this.heldBytes += held.bytes;
    if (this.heldBytes > MAX_HELD_BYTES) this.break(tooMuchHeld(this.held.length));
  }

  private take(): Promise<IteratorResult<T, undefined>> {
    const held = this.held.shift();
    if (held !== undefined) {
      this.heldBytes -= held.bytes;
      this.window.taken(held.bytes, false);
      return Promise.resolve({ done: false, value: held.value });
    }
    const taken = new Promise<IteratorResult<T, undefined>>((resolve, reject) =>
      this.takers.push({ resolve, reject }),
    );
    if (this.state === 'new') this.start();
    else if (this.state === 'ended') this.tellEnd();
    return taken;
  }

  private start(): void {
    this.state = 'open';
    const call = this.begin(this);
    // It may have ended, or its loop been left, before it was begun.
    if (this.isOpen()) this.call = call;
    else call.unsubscribe();
  }

  private isOpen(): boolean {
    return this.state === 'open';
  }

  private leave(): Promise<IteratorResult<T, undefined>> {
    this.cancel();
    this.held.drain();
    this.end();
    this.failure = undefined;
    return Promise.resolve(DONE);
  }

  private break(error: unknown): void {
    this.cancel();
    this.end({ error });
  }

  private cancel(): void {
    this.call?.unsubscribe();
  }

  private end(failure?: { readonly error: unknown }): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.call = undefined;
    this.failure = failure;
    this.tellEnd();
  }

  /** One hears of the failure; who asks again hears that there is no more. */
  private tellEnd(): void {
    for (const taker of this.takers.drain()) {
      const { failure } = this;
      this.failure = undefined;
      if (failure === undefined) taker.resolve(DONE);
      else taker.reject(failure.error);
    }
  }
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

const tooMuchHeld = (values: number): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `${values} values wait to be taken, of a server that sends them faster and knows no credit: bring it to this release, or ` +
      'take values faster.',
    { retryable: false },
  );
