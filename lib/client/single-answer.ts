import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { formatInstanceId } from '../protocol/instance-id.js';
import type { ServerTimes } from '../protocol/message.js';
import type { CallObserver, OpenCall } from './pending-call.js';
import { NO_REPLY_HEADERS, type ReplyHeaders } from '../protocol/reply-notes.js';
import { callTimings, type RpcReply } from './rpc-reply.js';
import type { AnswerHooks } from './subscribed-call.js';

const FIRST_ATTEMPT = 1;

/** One call made with `call()`: turns its value and its end into a promise. */
export class SingleAnswer<T> implements CallObserver {
  readonly reply: Promise<RpcReply<T>>;
  private readonly startedAt = performance.now();
  private resolve!: (reply: RpcReply<T>) => void;
  private reject!: (error: unknown) => void;
  private value: unknown;
  private values = 0;
  private told: ReplyHeaders = NO_REPLY_HEADERS;
  private open: OpenCall | undefined;
  private isStopped = false;
  private signal: AbortSignal | undefined;
  private onAbort: (() => void) | undefined;

  constructor(
    private readonly sentAtMs: number,
    private readonly hooks: AnswerHooks,
  ) {
    this.reply = new Promise<RpcReply<T>>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** To be called before the call is sent: what is wrong with the signal is thrown. */
  cancelOn(signal: AbortSignal): void {
    const onAbort = (): void => this.stop(cancelledBy(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    this.signal = signal;
    this.onAbort = onAbort;
  }

  bind(open: OpenCall): this {
    this.open = open;
    // The signal may abort while the data is serialized: there was nothing to cancel yet.
    if (this.isStopped) open.unsubscribe();
    return this;
  }

  next(value: unknown): void {
    this.values += 1;
    if (this.values > 1) return this.stop(severalValues());
    try {
      this.value = this.hooks.toValue(value);
    } catch (error) {
      this.stop(RpcError.from(error));
    }
  }

  headers(headers: ReplyHeaders): void {
    this.told = headers;
  }

  complete(server: Buffer, { receivedAtMs, repliedAtMs }: ServerTimes, attempt = FIRST_ATTEMPT): void {
    const totalMs = performance.now() - this.startedAt;
    this.resolve({
      value: this.value as T,
      serverId: formatInstanceId(server),
      attempt,
      timings: callTimings({ totalMs, sentAtMs: this.sentAtMs, receivedAtMs, repliedAtMs }),
      headers: this.told,
    });
    this.stopListening();
  }

  error(error: RpcError): void {
    try {
      this.reject(this.hooks.toThrown(error));
    } catch (failure) {
      this.reject(failure);
    }
    this.stopListening();
  }

  private stop(error: RpcError): void {
    this.isStopped = true;
    this.open?.unsubscribe();
    this.error(error);
  }

  private stopListening(): void {
    const { signal, onAbort } = this;
    if (signal === undefined || onAbort === undefined) return;
    this.signal = undefined;
    this.hooks.userCode.run('listener', () => signal.removeEventListener('abort', onAbort));
  }
}

/** The error of a call whose caller gave up. */
export const cancelledBy = (signal: AbortSignal): RpcError =>
  new RpcError(RpcStatus.CANCELLED, 'The call was cancelled by its signal: the handler may have run.', {
    cause: signal.reason,
  });

const severalValues = (): RpcError =>
  new RpcError(
    RpcStatus.FAILED_PRECONDITION,
    'The handler answers with several values: use send(), not call().',
  );
