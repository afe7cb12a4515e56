import { Subscriber, UnsubscriptionError, type Observable } from 'rxjs';
import type { UserCode } from '../diagnostics/user-code.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { isPullable, PulledValues } from './pulled-values.js';
import type { ValueSink, ValueSource } from './value-source.js';

/**
 * So many values may come without a turn of the event loop between them, in which a cancel or a deadline could be heard:
 * some tenths of a second. Who gives more gives them without an end, or holds up everybody else in this process.
 */
export const MAX_VALUES_IN_A_TURN = 131_072;

/** So many values may come in a turn before it is looked at more closely: an immediate each. */
const FEW_VALUES = 64;

/** How often it is made sure that there is stack left for what a value needs, and for as many more; some 60 kB. */
const CHECK_STACK_EVERY = 8;
const FRAMES_NEEDED = 1_000;

/**
 * The values of a handler's Observable.
 *
 * It exists before it is subscribed, so that it can be closed while a synchronous Observable is giving values: RxJS stops those
 * whose subscriber is closed. What a teardown throws is reported, and harms nobody: RxJS throws it out of `unsubscribe()`, and
 * out of the `complete()` of whoever happens to complete.
 */
export class ObservedValues extends Subscriber<unknown> implements ValueSource {
  private inTurn = 0;
  /** A value that is a stream itself, as an interceptor makes of an async generator; what comes behind it waits. */
  private inner: PulledValues | undefined;
  private behind: (() => void)[] = [];

  constructor(
    private readonly values: Observable<unknown>,
    private readonly sink: ValueSink,
    private readonly userCode: UserCode,
  ) {
    super();
  }

  start(): void {
    try {
      this.values.subscribe(this);
    } catch (error) {
      if (this.isStopped) this.userCode.report('handler teardown', error);
      else this.error(error);
    }
  }

  cancel(): void {
    // One that has failed is closed, while a stream that it gave before is still read.
    if (this.closed && this.inner === undefined) return;
    this.behind = [];
    this.unsubscribe();
    if (this.inner === undefined) this.sink.ended();
    else this.inner.cancel();
  }

  override error(error: unknown): void {
    if (this.isStopped) return;
    // Not now: who gives values in a recursion may have used up the stack, and the end must not be lost half way.
    queueMicrotask(() => this.finish(() => this.sink.error(error)));
    this.isStopped = true;
    this.unsubscribe();
  }

  override unsubscribe(): void {
    try {
      super.unsubscribe();
    } catch (error) {
      for (const thrown of errorsOf(error)) this.userCode.report('handler teardown', thrown);
    }
  }

  protected override _next(value: unknown): void {
    this.inTurn += 1;
    if (this.inTurn >= FEW_VALUES && !this.isWithinTurn()) return this.error(tooManyInATurn());
    if (this.inner !== undefined) this.behind.push(() => this._next(value));
    else if (isPullable(value)) this.startInner(value);
    else this.take(value);
  }

  private take(value: unknown): void {
    try {
      if (!this.sink.next(value)) this.cancel();
    } catch (error) {
      // A promise is no value; its rejection would end the process.
      this.userCode.hear('handler', value);
      this.error(error);
    }
  }

  protected override _complete(): void {
    this.finish(() => this.sink.complete());
  }

  private finish(end: () => void): void {
    if (this.inner !== undefined) this.behind.push(() => this.finish(end));
    else this.finishNow(end);
  }

  private finishNow(end: () => void): void {
    end();
    this.unsubscribe();
    this.sink.ended();
  }

  private isWithinTurn(): boolean {
    if (this.inTurn === FEW_VALUES) setImmediate(() => (this.inTurn = 0));
    if (this.inTurn % CHECK_STACK_EVERY === 0) needFrames(FRAMES_NEEDED);
    return this.inTurn <= MAX_VALUES_IN_A_TURN;
  }

  private startInner(value: object): void {
    const { sink } = this;
    let isComplete = false;
    const innerSink: ValueSink = {
      next: (inner) => sink.next(inner),
      complete: () => void (isComplete = true),
      error: (error) => sink.error(error),
      ended: () => this.onInnerEnded(isComplete),
      room: () => sink.room(),
    };
    this.inner = new PulledValues(value, innerSink, this.userCode);
    this.inner.start();
  }

  private onInnerEnded(isComplete: boolean): void {
    this.inner = undefined;
    if (!isComplete) {
      this.behind = [];
      this.unsubscribe();
      return this.sink.ended();
    }
    while (this.inner === undefined) {
      const next = this.behind.shift();
      if (next === undefined) return;
      next();
    }
  }
}

/**
 * Who gives values in a recursion, as `repeat()` does, uses up the stack. @throws RangeError here, where nothing is half done, and not
 * in the middle of a send.
 */
const needFrames = (frames: number): number => (frames === 0 ? 0 : needFrames(frames - 1) + 1);

/** RxJS collects what several teardowns threw. */
const errorsOf = (error: unknown): readonly unknown[] =>
  error instanceof UnsubscriptionError ? error.errors : [error];

const tooManyInATurn = (): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `The stream gave more than ${MAX_VALUES_IN_A_TURN} values in one go, in which nothing else could run, not even the cancel of ` +
      'its caller: make it asynchronous, as an async generator is.',
    { retryable: false },
  );
