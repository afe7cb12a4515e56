import type { RpcError } from '../errors/rpc-error.js';
import type { ServerTimes } from '../protocol/message.js';
import type { ReplyHeaders } from '../protocol/reply-notes.js';
import type { CallObserver } from './pending-call.js';
import type { StreamWindow } from './stream-window.js';

/** Stands between a call and who waits for it, and passes all on: for those that add something at its end. */
export class PassedOn implements CallObserver {
  constructor(protected readonly observer: CallObserver) {}

  get window(): StreamWindow | undefined {
    return this.observer.window;
  }

  next(value: unknown, bytes?: number): void {
    this.observer.next(value, bytes);
  }

  complete(server: Buffer, times: ServerTimes, attempt?: number): void {
    this.observer.complete(server, times, attempt);
  }

  error(error: RpcError): void {
    this.observer.error(error);
  }

  headers(headers: ReplyHeaders): void {
    this.observer.headers?.(headers);
  }

  progress(value: unknown): void {
    this.observer.progress?.(value);
  }

  explainTimeout(timeoutMs: number): string {
    return this.observer.explainTimeout?.(timeoutMs) ?? '';
  }
}
