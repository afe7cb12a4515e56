import { AsyncResource } from 'node:async_hooks';
import type { UserCode } from '../diagnostics/user-code.js';
import type { ReplyHeaders } from '../protocol/reply-notes.js';
import { NO_REPLY_HEADERS } from '../protocol/reply-notes.js';
import type { CallOptions } from './kafka-rpc-record.js';
import { PassedOn } from './passed-on.js';
import type { CallObserver } from './pending-call.js';

/** A call with `onProgress` or `onHeaders`: they run in the async context in which the call was made, and what they throw stays here. */
export class ListenedCall extends PassedOn {
  private readonly context = new AsyncResource('KafkaRpcCall');

  constructor(
    observer: CallObserver,
    private readonly options: Pick<CallOptions, 'onProgress' | 'onHeaders'>,
    private readonly userCode: UserCode,
  ) {
    super(observer);
  }

  override headers(headers: ReplyHeaders): void {
    super.headers(headers);
    // That those of an attempt that failed are void is no news.
    if (headers !== NO_REPLY_HEADERS) this.tell(this.options.onHeaders, headers);
  }

  override progress(value: unknown): void {
    super.progress(value);
    this.tell(this.options.onProgress, value);
  }

  private tell<Told>(listener: ((told: Told) => unknown) | undefined, told: Told): void {
    if (listener === undefined) return;
    this.userCode.run('listener', () => this.context.runInAsyncScope(listener, undefined, told));
  }
}
