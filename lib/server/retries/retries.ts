import type { MessageHandler } from '@nestjs/microservices';
import type { Counters } from '../../diagnostics/counters.js';
import type { RpcError } from '../../errors/rpc-error.js';
import type { IncomingCall } from '../incoming-call.js';
import type { FailedEvents, Retry } from '../outcome.js';
import type { RequestClock } from '../request-clock.js';
import { afterFailure, afterLastDeath, failedRun, type CallHistory } from './call-history.js';
import type { DelayWriter } from './delay-writer.js';
import type { HandlerPolicies } from './handler-policies.js';
import type { GivenUpEvents } from './given-up-events.js';

export interface RetriesParts {
  readonly policies: HandlerPolicies;
  readonly handlers: {
    find(pattern: string): MessageHandler | undefined;
    onEventError(pattern: string, error: RpcError): void;
    /** A call is not run any more, as it killed its servers. */
    onGivenUp(error: RpcError): void;
    onRetry(pattern: string, error: RpcError, pauseMs: number): void;
    /** What of an event's failure its sender would be told. */
    readonly failures: { told(pattern: string, error: RpcError): RpcError };
  };
  readonly delays: Pick<DelayWriter, 'has' | 'write'>;
  readonly givenUp: GivenUpEvents;
  readonly clock: Pick<RequestClock, 'now' | 'timeLeftMs'>;
  readonly counters: Counters;
}

/**
 * What becomes of a handler's failure: it runs again in its place, or from the delay topic, or it has failed for good.
 *
 * Only failures come here: what goes well costs nothing.
 */
export class Retries implements FailedEvents {
  constructor(private readonly parts: RetriesParts) {}

  /** Of a call, whose caller waits. */
  restMs(call: IncomingCall, error: RpcError): number | undefined {
    const pauseMs = this.pauseMs(call, error);
    if (pauseMs !== undefined) this.begin(call, error, pauseMs);
    return pauseMs;
  }

  judge(call: IncomingCall, error: RpcError): Retry | undefined {
    this.parts.counters.add('eventsFailed');
    const pauseMs = this.pauseMs(call, error);
    if (pauseMs === undefined) return undefined;
    const isInPlace = this.isInOrder(call) || !this.parts.delays.has(call.origin.record.topic);
    if (isInPlace) this.begin(call, error, pauseMs);
    return { pauseMs, isInPlace };
  }

  settle(call: IncomingCall, error: RpcError, retry: Retry | undefined): void {
    const { pattern } = call.message;
    // Ended from outside meanwhile: the next owner runs it, or nobody wants it.
    if (!call.answer()) return this.parts.handlers.onEventError(pattern, error);
    const history = this.historyWith(call, error);
    if (retry !== undefined) return this.putOff(call, error, { history, pauseMs: retry.pauseMs });
    this.parts.handlers.onEventError(pattern, error);
    this.parts.givenUp.add(call, history, () => call.finish('answered', error.status));
  }

  giveUp(call: IncomingCall, error: RpcError, done: () => void): void {
    this.parts.counters.add('callsGivenUp');
    this.parts.handlers.onGivenUp(error);
    const history = afterLastDeath(call.history, failedRun(error, this.parts.clock.now()));
    this.parts.givenUp.add(call, history, done, 'deaths');
  }

  private putOff(
    call: IncomingCall,
    error: RpcError,
    { history, pauseMs }: { readonly history: CallHistory; readonly pauseMs: number },
  ): void {
    const { delays, clock } = this.parts;
    this.tell(call, error, pauseMs);
    delays.write(call, history, clock.now() + pauseMs, () => call.finish('answered', error.status));
  }

  private begin(call: IncomingCall, error: RpcError, pauseMs: number): void {
    call.history = this.historyWith(call, error);
    this.tell(call, error, pauseMs);
  }

  private tell({ message }: IncomingCall, error: RpcError, pauseMs: number): void {
    this.parts.counters.add('retried');
    this.parts.handlers.onRetry(message.pattern, error, pauseMs);
  }

  /** Undefined when it has failed for good: by its policy, or as nobody waits any more when it could run again. */
  private pauseMs(call: IncomingCall, error: RpcError): number | undefined {
    const { policies, handlers, clock } = this.parts;
    const { kind, pattern } = call.message;
    const policy = policies.of(kind, handlers.find(pattern));
    const pauseMs = policy.pauseMs((call.history?.runs ?? 0) + 1, error);
    return pauseMs === undefined || pauseMs >= call.timeLeftMs(clock) ? undefined : pauseMs;
  }

  private isInOrder({ message }: IncomingCall): boolean {
    if (message.key === null) return false;
    const { policies, handlers } = this.parts;
    return policies.of(message.kind, handlers.find(message.pattern)).options.order === 'key';
  }

  private historyWith(call: IncomingCall, error: RpcError): CallHistory {
    const { handlers, clock } = this.parts;
    const told = handlers.failures.told(call.message.pattern, error);
    return afterFailure(call.history, failedRun(told, clock.now()));
  }
}
