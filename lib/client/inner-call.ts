import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { enclosingCall, type EnclosingCall } from '../protocol/enclosing-call.js';
import type { ServerTimes } from '../protocol/message.js';
import type { CallOptions } from './kafka-rpc-record.js';
import { PassedOn } from './passed-on.js';
import type { CallObserver, OpenCall } from './pending-call.js';

/** What a handler keeps of its time to answer with, when a call inside takes all that it may. */
const MARGIN_MS = 20;

/** Of little time, such a part. */
const MARGIN_PART = 0.1;

/**
 * The call inside which a call or event is made now, whose deadline and end it shares; undefined for none.
 * @param isDetached unless its own options say otherwise
 */
export const enclosingOf = (options: CallOptions, isDetached: boolean): EnclosingCall | undefined => {
  const enclosing = enclosingCall();
  if (enclosing === undefined || !enclosing.isOpen || (options.detached ?? isDetached)) return undefined;
  return enclosing;
};

/**
 * How long something inside may take at most, in milliseconds; Infinity for any time.
 * @param what begins the error text
 * @throws RpcError `DEADLINE_EXCEEDED` or `CANCELLED` when there is nothing to be begun inside any more.
 */
export const innerLimitMs = (enclosing: EnclosingCall, what: string): number => {
  const { stopped } = enclosing;
  if (stopped !== undefined) throw endedTogether(what, 'was not sent', enclosing, stopped);
  const leftMs = enclosing.timeLeftMs();
  const limitMs = Math.floor(leftMs - Math.min(MARGIN_MS, leftMs * MARGIN_PART));
  if (limitMs >= 1) return limitMs;
  throw new RpcError(
    RpcStatus.DEADLINE_EXCEEDED,
    `${what} was not sent: the time of ${quoted(enclosing)}, in whose handler it was made, is over.`,
    { retryable: false },
  );
};

/** What belongs behind "within … ms" in the text of a time-out that was inherited. */
export const ofEnclosing = (enclosing: EnclosingCall): string =>
  `, what was left to ${quoted(enclosing)}, in whose handler it was made`;

/** A call made inside a handler: ends with the call that the handler serves. Only these cost a place in a set. */
export class InnerCall extends PassedOn implements OpenCall {
  private open: OpenCall | undefined;
  private isStopped = false;

  constructor(
    private readonly pattern: string,
    private readonly enclosing: EnclosingCall,
    private readonly limitMs: number,
    observer: CallObserver,
  ) {
    super(observer);
  }

  /** @param begin starts the call, which may end before this returns */
  start(begin: (observer: CallObserver, limitMs: number) => OpenCall): this {
    this.enclosing.add(this);
    this.open = begin(this, this.limitMs);
    // What it is made in may end while the data is serialized.
    if (this.isStopped) this.open.unsubscribe();
    return this;
  }

  override explainTimeout(timeoutMs: number): string {
    return timeoutMs === this.limitMs ? ofEnclosing(this.enclosing) : '';
  }

  override complete(server: Buffer, times: ServerTimes, attempt?: number): void {
    this.enclosing.delete(this);
    super.complete(server, times, attempt);
  }

  override error(error: RpcError): void {
    this.enclosing.delete(this);
    super.error(error);
  }

  unsubscribe(): void {
    this.enclosing.delete(this);
    this.stop();
  }

  endWith(reason: RpcError): void {
    const what = `The call to ${JSON.stringify(this.pattern)}`;
    this.stop();
    this.observer.error(endedTogether(what, 'ended, and may have run', this.enclosing, reason));
  }

  private stop(): void {
    this.isStopped = true;
    this.open?.unsubscribe();
  }
}

const quoted = ({ pattern }: EnclosingCall): string => JSON.stringify(pattern);

/** What it was ended for is another matter than that of the call: the caller of that is not the caller of this. */
const endedTogether = (what: string, how: string, enclosing: EnclosingCall, reason: RpcError): RpcError => {
  const isLate = reason.status === RpcStatus.DEADLINE_EXCEEDED;
  return new RpcError(
    isLate ? RpcStatus.DEADLINE_EXCEEDED : RpcStatus.CANCELLED,
    `${what} ${how}: it was made in the handler of ${quoted(enclosing)}. ${reason.message}`,
    { retryable: false, cause: reason },
  );
};
