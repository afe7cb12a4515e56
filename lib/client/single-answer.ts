import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { formatInstanceId } from '../protocol/instance-id.js';
import type { ServerTimes } from '../protocol/message.js';
import type { CallObserver, OpenCall } from './pending-call.js';
import { callTimings, type RpcReply } from './rpc-reply.js';

const FIRST_ATTEMPT = 1;

/** One call made with `call()`: turns its value and its end into a promise. */
export class SingleAnswer<T> implements CallObserver {
  readonly reply: Promise<RpcReply<T>>;
  private readonly startedAt = performance.now();
  private resolve!: (reply: RpcReply<T>) => void;
  private reject!: (error: RpcError) => void;
  private value: unknown;
  private values = 0;
  private open: OpenCall | undefined;
  private stopListening: () => void = () => undefined;

  constructor(private readonly sentAtMs: number) {
    this.reply = new Promise<RpcReply<T>>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Ties the call to the caller's signal. */
  bind(open: OpenCall, signal?: AbortSignal): this {
    this.open = open;
    if (signal === undefined) return this;
    const onAbort = (): void => this.stop(cancelledBy(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    this.stopListening = () => signal.removeEventListener('abort', onAbort);
    return this;
  }

  next(value: unknown): void {
    this.values += 1;
    this.value = value;
    if (this.values > 1) this.stop(severalValues());
  }

  complete(server: Buffer, { receivedAtMs, repliedAtMs }: ServerTimes): void {
    this.stopListening();
    const totalMs = performance.now() - this.startedAt;
    this.resolve({
      value: this.value as T,
      serverId: formatInstanceId(server),
      attempt: FIRST_ATTEMPT,
      timings: callTimings({ totalMs, sentAtMs: this.sentAtMs, receivedAtMs, repliedAtMs }),
    });
  }

  error(error: RpcError): void {
    this.stopListening();
    this.reject(error);
  }

  private stop(error: RpcError): void {
    this.open?.unsubscribe();
    this.error(error);
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
