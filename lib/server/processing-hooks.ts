import type { UserCode } from '../diagnostics/user-code.js';
import type { Execution } from './execution.js';
import type { KafkaRpcContext } from './kafka-rpc-context.js';

/** Nest's processing hooks: what an app, or a tracer, has set. */
export interface ProcessingHooks {
  start(context: KafkaRpcContext, done: () => Promise<void>): unknown;
  end(context: KafkaRpcContext): unknown;
}

/**
 * Runs a handler between the hooks. What the start hook throws before it lets the handler start fails the call; what either
 * throws later is reported, for the call has its answer.
 */
export class HookedExecution {
  private handled: Promise<void> | undefined;

  constructor(
    private readonly hooks: ProcessingHooks,
    private readonly context: KafkaRpcContext,
    private readonly execution: Execution,
    private readonly userCode: UserCode,
  ) {}

  run(handle: () => unknown): void {
    // A hook may call it twice; the handler runs once.
    const done = (): Promise<void> => (this.handled ??= this.handle(handle));
    try {
      const returned = this.hooks.start(this.context, done);
      Promise.resolve(returned).catch((error: unknown) => this.onStartFailed(error));
    } catch (error) {
      this.onStartFailed(error);
    }
  }

  private handle(handle: () => unknown): Promise<void> {
    const { execution } = this;
    return new Promise((resolve) => {
      execution.whenEnded(() => {
        this.end();
        resolve();
      });
      if (!execution.begin()) return;
      try {
        execution.follow(handle());
      } catch (error) {
        execution.fail(error);
      }
    });
  }

  private end(): void {
    this.userCode.run('hook', () => this.hooks.end(this.context));
  }

  private onStartFailed(error: unknown): void {
    if (this.handled === undefined) this.execution.fail(error);
    else this.userCode.report('hook', error);
  }
}
