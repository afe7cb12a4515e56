import { AsyncResource } from 'node:async_hooks';
import type { ClientCallEnd } from '../diagnostics/call-ended.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Deadlines, Due } from '../protocol/deadlines.js';
import type { CallObserver, SentCall } from './pending-call.js';
import type { PendingCalls } from './pending-calls.js';

/** What a call waits for before it can be sent. */
export interface UnsentCall {
  readonly pattern: string;
  readonly timeoutMs: number;
  readonly observer: CallObserver;
  /** Sends the call, with what is left of its time. */
  readonly send: (timeLeftMs: number) => SentCall;
  /** Called once if it ends without having been sent, before the observer. Must not throw. */
  readonly onEnd: (how: ClientCallEnd, error: Pick<RpcError, 'status'>, totalMs: number) => void;
}

/**
 * The calls of a client that were made before it was connected: bounded together with those that are open, each with its
 * deadline running. They are sent in the order in which they were made.
 */
export class ConnectingCalls {
  private readonly waiting = new Set<ConnectingCall>();
  private readonly deadlines = new Deadlines<ConnectingCall>((call) => call.expire());

  /** @param open the connection's open calls, which share the bound */
  constructor(private readonly open: PendingCalls) {}

  /** @throws RpcError `RESOURCE_EXHAUSTED` when too many calls are open or waiting. */
  add(unsent: UnsentCall): SentCall {
    this.open.checkRoom();
    const call = new ConnectingCall(unsent, () => this.remove(call));
    this.open.unsent += 1;
    this.waiting.add(call);
    this.deadlines.add(call, unsent.timeoutMs);
    return call;
  }

  /** The client is connected. */
  sendAll(): void {
    for (const call of [...this.waiting]) call.send();
  }

  /** The client is closed, or could not be connected. */
  failAll(error: RpcError): void {
    // Those of now: one that is called again as soon as it has failed waits for the next attempt.
    for (const call of [...this.waiting]) call.fail(error);
  }

  private remove(call: ConnectingCall): void {
    if (!this.waiting.delete(call)) return;
    this.deadlines.remove(call);
    this.open.unsent -= 1;
  }
}

/** One of them. What it does to its caller happens in the async context in which the call was made. */
class ConnectingCall extends Due implements SentCall {
  private readonly context = new AsyncResource('KafkaRpcConnectingCall');
  private readonly startedAt = performance.now();
  private state: 'waiting' | 'sent' | 'ended' = 'waiting';
  private sent: SentCall | undefined;
  private isUnwanted = false;

  constructor(
    private readonly unsent: UnsentCall,
    private readonly onOver: () => void,
  ) {
    super();
  }

  get hasLeft(): boolean {
    return this.sent?.hasLeft ?? false;
  }

  send(): void {
    if (!this.leave('sent')) return;
    const timeLeftMs = Math.max(1, Math.ceil(this.unsent.timeoutMs - (performance.now() - this.startedAt)));
    this.sent = this.context.runInAsyncScope(this.unsent.send, undefined, timeLeftMs);
    // Its caller may have left while the data was serialized.
    if (this.isUnwanted) this.sent.unsubscribe();
  }

  fail(error: RpcError): void {
    this.endWith('failed', error);
  }

  expire(): void {
    this.endWith('expired', notConnected(this.unsent));
  }

  unsubscribe(): void {
    this.isUnwanted = true;
    this.end('cancelled', CANCELLED);
    this.sent?.unsubscribe();
  }

  private endWith(how: ClientCallEnd, error: RpcError): void {
    if (this.end(how, error)) this.context.runInAsyncScope(() => this.unsent.observer.error(error));
  }

  private end(how: ClientCallEnd, error: Pick<RpcError, 'status'>): boolean {
    if (!this.leave('ended')) return false;
    this.unsent.onEnd(how, error, performance.now() - this.startedAt);
    return true;
  }

  private leave(state: 'sent' | 'ended'): boolean {
    if (this.state !== 'waiting') return false;
    this.state = state;
    this.onOver();
    return true;
  }
}

const CANCELLED = Object.freeze({ status: RpcStatus.CANCELLED });

const notConnected = ({ pattern, timeoutMs, observer }: UnsentCall): RpcError =>
  new RpcError(
    RpcStatus.DEADLINE_EXCEEDED,
    `Timeout: no connection to Kafka within the ${timeoutMs} ms of the call to ${JSON.stringify(pattern)}` +
      `${observer.explainTimeout?.(timeoutMs) ?? ''}: it was not sent.`,
    { retryable: true },
  );
