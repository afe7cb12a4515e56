import type { ResolvedRetryBudget } from './call-retry-options.js';

/** The tokens of one client's retries, as in gRPC's retry throttling. */
export class RetryBudget {
  private tokens: number;

  constructor(private readonly options: ResolvedRetryBudget) {
    this.tokens = options.maxTokens;
  }

  /** Whether another attempt may be sent. */
  get allows(): boolean {
    return this.tokens > this.options.maxTokens / 2;
  }

  /** An attempt failed that may have reached a server. */
  failed(): void {
    this.tokens = Math.max(0, this.tokens - 1);
  }

  /** A server answered. */
  succeeded(): void {
    this.tokens = Math.min(this.options.maxTokens, this.tokens + this.options.tokenRatio);
  }
}
