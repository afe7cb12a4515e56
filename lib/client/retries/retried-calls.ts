import type { RpcError } from '../../errors/rpc-error.js';
import { Deadlines } from '../../protocol/deadlines.js';
import type { Counters } from '../../diagnostics/counters.js';
import type { PendingCalls } from '../pending-calls.js';
import type { ResolvedRetryBudget } from './call-retry-options.js';
import { RetryBudget } from './retry-budget.js';
import type { RetriedCall, RetriedCallOwner } from './retried-call.js';

export interface RetriedCallsParts {
  readonly budget: ResolvedRetryBudget;
  readonly counters: Counters;
  /** The connection's open calls: a call that rests takes room as they do. */
  readonly open: PendingCalls;
}

/** The calls of a client that wait for their next attempt: one timer for all of them, none while there are none. */
export class RetriedCalls implements RetriedCallOwner {
  readonly budget: RetryBudget;
  closings = 0;
  private readonly resting = new Set<RetriedCall>();
  private readonly deadlines = new Deadlines<RetriedCall>((call) => this.again(call));

  constructor(private readonly parts: RetriedCallsParts) {
    this.budget = new RetryBudget(parts.budget);
  }

  rest(call: RetriedCall, pauseMs: number): void {
    this.resting.add(call);
    this.parts.open.unsent += 1;
    this.deadlines.add(call, pauseMs);
  }

  leave(call: RetriedCall): void {
    if (!this.resting.delete(call)) return;
    this.parts.open.unsent -= 1;
    this.deadlines.remove(call);
  }

  onThrottled(): void {
    this.parts.counters.add('retriesThrottled');
  }

  /** The client closes. */
  failAll(error: RpcError): void {
    this.closings += 1;
    // Those of now: what is called again as one ends is of the next connection.
    for (const call of [...this.resting]) call.fail(error);
  }

  private again(call: RetriedCall): void {
    this.leave(call);
    this.parts.counters.add('callsRetried');
    call.try();
  }
}
