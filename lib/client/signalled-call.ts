import type { RpcError } from '../errors/rpc-error.js';
import type { ServerTimes } from '../protocol/message.js';
import type { CallObserver, OpenCall } from './pending-call.js';
import { cancelledBy } from './single-answer.js';
import { ENDED_CALL } from './ended-calls.js';
import { PassedOn } from './passed-on.js';
import type { AnswerHooks } from './subscribed-call.js';

/** A stream that a signal cancels. */
export class SignalledCall extends PassedOn implements OpenCall {
  private call: OpenCall | undefined;
  private isOver = false;
  private readonly onAbort = (): void => this.abort();

  constructor(
    private readonly signal: AbortSignal,
    observer: CallObserver,
    private readonly hooks: Pick<AnswerHooks, 'userCode'>,
  ) {
    super(observer);
  }

  /** @param begin starts the call, which may end before this returns */
  start(begin: (observer: CallObserver) => OpenCall): OpenCall {
    const { signal, observer } = this;
    if (signal.aborted) {
      observer.error(cancelledBy(signal));
      return ENDED_CALL;
    }
    signal.addEventListener('abort', this.onAbort, { once: true });
    const call = begin(this);
    // The signal may have aborted while the data was serialized.
    if (this.isOver) call.unsubscribe();
    else this.call = call;
    return this;
  }

  override complete(server: Buffer, times: ServerTimes, attempt?: number): void {
    this.end();
    this.observer.complete(server, times, attempt);
  }

  override error(error: RpcError): void {
    this.end();
    this.observer.error(error);
  }

  unsubscribe(): void {
    const { call } = this;
    this.end();
    call?.unsubscribe();
  }

  private abort(): void {
    if (this.isOver) return;
    this.unsubscribe();
    this.observer.error(cancelledBy(this.signal));
  }

  private end(): void {
    this.isOver = true;
    this.call = undefined;
    this.hooks.userCode.run('listener', () => this.signal.removeEventListener('abort', this.onAbort));
  }
}
