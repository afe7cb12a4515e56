import type { UserCode } from '../../diagnostics/user-code.js';
import { pauseAfter } from '../../errors/retry-pauses.js';
import type { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { ResolvedCallRetry } from './call-retry-options.js';

/** Whether, and when, a call is sent again. */
export class CallRetryPolicy {
  constructor(
    private readonly options: ResolvedCallRetry,
    private readonly userCode: UserCode,
    /** From 0 to 1. */
    private readonly random: () => number = Math.random,
  ) {}

  get isOn(): boolean {
    return this.options.attempts > 1;
  }

  /** Whether more attempts than so many are allowed. */
  hasMore(attempts: number): boolean {
    return attempts < this.options.attempts;
  }

  isRetried(error: RpcError): boolean {
    // Its caller left, or its client closed: there is nobody to try again for.
    if (error.status === RpcStatus.CANCELLED) return false;
    const { on } = this.options;
    if (on === undefined) return error.retryable;
    if (typeof on !== 'function') return on.includes(error.status);
    // One that cannot tell leaves it at what is usual.
    let isRetried = error.retryable;
    this.userCode.run('retry rule', () => {
      const answer: unknown = on(error);
      if (typeof answer === 'boolean') isRetried = answer;
      return answer;
    });
    return isRetried;
  }

  /** @returns the pause behind so many attempts, in milliseconds. A server that says when to come again is not asked before. */
  pauseMs(attempts: number, { retryAfterMs }: RpcError): number {
    if (retryAfterMs === undefined) return pauseAfter(this.options, attempts, this.random());
    return Math.ceil(retryAfterMs * (1 + this.options.jitter * this.random()));
  }
}
