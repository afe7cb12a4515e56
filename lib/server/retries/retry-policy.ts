import type { UserCode } from '../../diagnostics/user-code.js';
import { pauseAfter } from '../../errors/retry-pauses.js';
import type { RpcError } from '../../errors/rpc-error.js';
import { isRetryable, RpcStatus } from '../../errors/status.js';
import { rpcErrorOfHttp } from '../http-exception.js';
import type { ResolvedRetry } from './retry-options.js';

/** What may pass by itself. Nothing else does: what is wrong with the data, the rights or the handlers stays wrong. */
const PASSING: ReadonlySet<RpcStatus> = new Set([
  RpcStatus.UNKNOWN,
  RpcStatus.INTERNAL,
  RpcStatus.UNAVAILABLE,
  RpcStatus.DEADLINE_EXCEEDED,
  RpcStatus.RESOURCE_EXHAUSTED,
  RpcStatus.ABORTED,
]);

/** Whether, and when, a handler is run again. */
export class RetryPolicy {
  constructor(
    readonly options: ResolvedRetry,
    private readonly userCode: UserCode,
    /** From 0 to 1. */
    private readonly random: () => number = Math.random,
  ) {}

  get isOn(): boolean {
    return this.options.attempts > 1;
  }

  /**
   * @param runs how often it ran already
   * @returns the pause before it runs again, in milliseconds; undefined when it does not
   */
  pauseMs(runs: number, error: RpcError): number | undefined {
    if (runs >= this.options.attempts || !this.isRetried(error)) return undefined;
    return pauseAfter(this.options, runs, this.random());
  }

  private isRetried(error: RpcError): boolean {
    const { on } = this.options;
    if (on === undefined) return isPassing(error);
    if (typeof on !== 'function') return on.includes(error.status);
    // One that cannot tell leaves it at what is usual.
    let isRetried = isPassing(error);
    this.userCode.run('retry rule', () => {
      const answer: unknown = on(error);
      if (typeof answer === 'boolean') isRetried = answer;
      return answer;
    });
    return isRetried;
  }
}

const isPassing = (error: RpcError): boolean => {
  // Masked or not, what Nest's pipes and guards threw is what it is.
  const told = rpcErrorOfHttp(error.cause);
  const isMasked = error.status === RpcStatus.INTERNAL || error.status === RpcStatus.UNKNOWN;
  if (told !== undefined && isMasked) return PASSING.has(told.status);
  if (isRetryable(error.status)) return error.retryable;
  return error.retryable || PASSING.has(error.status);
};
