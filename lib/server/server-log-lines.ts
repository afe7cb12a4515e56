import type { RefusedRecord } from '../diagnostics/channels.js';
import { describeError } from '../diagnostics/describe-error.js';
import type { Log } from '../diagnostics/log.js';
import { RateLimitedLog } from '../diagnostics/rate-limited-log.js';
import type { RefusalReason } from '../diagnostics/refusal-reasons.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { refusalLine } from '../wire/refusal.js';

/** What is logged at a bounded rate, beside refusals. */
type Warning = 'dead letter' | 'commit' | 'retry' | 'delay' | 'letter' | 'results';

/** What a server has to say of its work: warnings at a bounded rate, each kind by itself. */
export class ServerLogLines {
  private readonly warnings: RateLimitedLog<RefusalReason | Warning>;

  constructor(private readonly log: Log) {
    this.warnings = new RateLimitedLog((line) => log.warn(line));
  }

  refused(refused: RefusedRecord): void {
    this.warnings.add(refused.reason, () => refusalLine(refused));
  }

  readonly onDeadLetterLost = (error: RpcError): void =>
    this.warnings.add('dead letter', () => `A refused record is lost, not dead-lettered: ${error.message}`);

  /** A rebalance refuses commits as it goes: the next one takes what this one did not. */
  readonly onCommitError = (error: unknown): void => {
    const { status, message } = RpcError.from(error);
    if (status === RpcStatus.ABORTED) this.log.debug(`Commit put off: ${message}`);
    else this.warnings.add('commit', () => `Commit put off: ${message}`);
  };

  readonly onPutOffFailed = (error: RpcError): void =>
    this.warnings.add('delay', () => unwritten('delay topic', error));

  readonly onLetterFailed = (error: RpcError): void =>
    this.warnings.add('letter', () => unwritten('dead letters', error));

  readonly onResultsFailed = (error: RpcError): void =>
    this.warnings.add(
      'results',
      () =>
        `Calls with an idempotencyKey wait, as the results of earlier ones cannot be read or written: ${error.message}`,
    );

  readonly onRetry = (pattern: string, error: RpcError, pauseMs: number): void =>
    this.warnings.add('retry', () => retryLine(pattern, error, pauseMs));

  readonly onEventError = (pattern: string, error: RpcError): void =>
    this.log.error(`Event "${pattern}" failed: ${describeError(error.cause ?? error)}`);

  readonly onGivenUp = (error: RpcError): void => this.log.error(`Call given up: ${error.message}`);
}

const retryLine = (pattern: string, error: RpcError, pauseMs: number): string =>
  `"${pattern}" failed and is tried again in ${pauseMs} ms: ${describeError(error.cause ?? error)}`;

const unwritten = (where: string, error: RpcError): string =>
  `A failed or delayed event stays unfinished, and is tried again, as it cannot be written to the ${where}: ${error.message}`;
