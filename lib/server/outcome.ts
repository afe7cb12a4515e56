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
  /** What to wait for before the next value, for who can wait; undefined when there is room. */
  room(): Promise<void> | undefined;
}

/** Nobody waits for an event's outcome: values are dropped, a failure is reported. */
export class EventOutcome implements Outcome {
  constructor(
    private readonly call: IncomingCall,
    private readonly onError: (error: RpcError) => void,
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
    this.onError(error);
    this.call.finish('answered', error.status);
  }

  room(): undefined {
    return undefined;
  }
}
