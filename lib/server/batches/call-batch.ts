import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { inCleanContext } from '../../diagnostics/clean-context.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { IncomingCall } from '../incoming-call.js';
import type { KafkaRpcContext } from '../kafka-rpc-context.js';
import type { ResolvedBatch } from './batch-options.js';

/** A call that waits for others. */
interface BatchedCall {
  readonly call: IncomingCall;
  readonly data: unknown;
  readonly context: KafkaRpcContext;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Brings the calls of one handler together. Each has its own deadline, cancellation and answer. */
export class CallBatch {
  private waiting: BatchedCall[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: ResolvedBatch,
    private readonly pattern: string,
    private readonly handler: MessageHandler,
  ) {}

  /** @returns the result of this call */
  add(call: IncomingCall, data: unknown, context: KafkaRpcContext): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ call, data, context, resolve, reject });
      if (this.waiting.length >= this.options.max) this.flush();
      else this.timer ??= setTimeout(() => this.flush(), this.options.waitMs);
    });
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const calls = this.waiting;
    this.waiting = [];
    // What is called inside has the time of no single call of these.
    inCleanContext(this.start, calls);
  }

  private readonly start = (calls: readonly BatchedCall[]): void => {
    const nowMs = performance.now();
    // The timer of the batch may be told before theirs.
    for (const { call } of calls) if (call.isPast(nowMs)) call.stop('expired');
    const open = calls.filter(({ call }) => !call.isOver);
    // Nobody waits for these any more: the handler does not see them.
    for (const { call, resolve } of calls) if (call.isOver) resolve(undefined);
    if (open.length > 0) void this.answer(open);
  };

  /** Never rejects. */
  private async answer(calls: readonly BatchedCall[]): Promise<void> {
    try {
      const { handler } = this;
      const data = calls.map((each) => each.data);
      const contexts = calls.map(({ context }) => context);
      const given: unknown = await handler(data, contexts);
      const results: unknown = isObservable(given) ? await lastValueFrom(given) : given;
      if (!Array.isArray(results) || results.length !== calls.length)
        throw notOneForEach(this.pattern, calls.length, results);
      for (const [index, { resolve, reject }] of calls.entries()) {
        const result: unknown = results[index];
        if (result instanceof Error) reject(result);
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }
}

const notOneForEach = (pattern: string, calls: number, results: unknown): RpcError =>
  new RpcError(
    RpcStatus.INTERNAL,
    `The handler of "${pattern}" got ${calls} calls, and gave ` +
      `${Array.isArray(results) ? `${results.length} results` : 'no array'}: give a result for each, in their order.`,
  );
