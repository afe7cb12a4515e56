import { RpcError } from '../errors/rpc-error.js';
import type { IncomingCall } from './incoming-call.js';

/** What becomes of what a handler gives: one value, or several and an end, or an error. */
export interface Outcome {
  /** The only value. */
  value(value: unknown): void;
  /** One of several. @returns whether more are wanted. @throws what is wrong with the value. */
  next(value: unknown): boolean;
  complete(): void;
  error(error: RpcError): void;
  /** It was not run, and all else that is to become of it is done: its caller hears of that, if there is one. */
  refuse(error: RpcError): void;
  /**
   * Asked before `error`.
   * @returns after which pause the handler runs again, in milliseconds; undefined when the error is its end
   */
  restMs(error: RpcError): number | undefined;
  /** What to wait for before the next value, for who can wait; undefined when there is room. */
  room(): Promise<void> | undefined;
  /** Of the answer. Without it nobody hears of headers. @throws RpcError when there is too much of them. */
  setHeader?(name: string, value: string): void;
  /** How far the work has come. Without it nobody hears of that. @throws what is wrong with the value. */
  progress?(value: unknown): void;
  /** Whether there is room. @default there is */
  readonly isWritable?: boolean;
  /** The work was ended from outside: what waits to be sent is not. */
  stopped?(): void;
}

/** What becomes of events that fail. */
export interface FailedEvents {
  /** @returns the pause before it runs again, and where; undefined when it does not */
  judge(call: IncomingCall, error: RpcError): Retry | undefined;
  /** Ends it, or puts it off. */
  settle(call: IncomingCall, error: RpcError, retry: Retry | undefined): void;
  /** It killed its servers. @param done called once, when its caller may hear of that */
  giveUp(call: IncomingCall, error: RpcError, done: () => void): void;
}

/** A handler is to run again. */
export interface Retry {
  readonly pauseMs: number;
  /** In this server's hands, with its key; else from the delay topic. */
  readonly isInPlace: boolean;
}

/** Nobody waits for an event's outcome: values are dropped, a failure is told, tried again, or kept. */
export class EventOutcome implements Outcome {
  private retry: Retry | undefined;

  constructor(
    private readonly call: IncomingCall,
    private readonly failed: FailedEvents,
  ) {}

  value(): void {
    this.call.finish();
  }

  next(): boolean {
    return !this.call.isOver;
  }

  complete(): void {
    this.call.finish();
  }

  error(error: RpcError): void {
    this.failed.settle(this.call, error, this.retry);
  }

  refuse(error: RpcError): void {
    if (this.call.answer()) this.call.finish('refused', error.status);
  }

  restMs(error: RpcError): number | undefined {
    this.retry = this.failed.judge(this.call, error);
    return this.retry?.isInPlace ? this.retry.pauseMs : undefined;
  }

  room(): undefined {
    return undefined;
  }
}
