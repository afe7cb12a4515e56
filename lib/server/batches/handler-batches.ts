import type { MessageHandler } from '@nestjs/microservices';
import { batchOf } from './batch-options.js';
import { CallBatch } from './call-batch.js';

/** The handlers that get many calls in one run: read and checked once, at start. */
export class HandlerBatches {
  private readonly ofHandlers = new Map<MessageHandler, CallBatch>();

  /** @throws RpcError `INVALID_ARGUMENT` naming the handler and the option. */
  constructor(handlers: ReadonlyMap<string, MessageHandler>) {
    for (const [pattern, handler] of handlers) {
      const options = batchOf(pattern, handler);
      if (options !== undefined) this.ofHandlers.set(handler, new CallBatch(options, pattern, handler));
    }
  }

  /** Undefined for a handler that gets each call by itself. */
  of(handler: MessageHandler): CallBatch | undefined {
    return this.ofHandlers.size === 0 ? undefined : this.ofHandlers.get(handler);
  }
}
