import type { MessageHandler } from '@nestjs/microservices';
import { invalidOption } from '../../errors/option-checks.js';
import { WaitingValues } from './waiting-values.js';

/**
 * What becomes of values of an Observable that come faster than the caller takes them: they wait (`buffer`), or the stream fails
 * with `RESOURCE_EXHAUSTED` when 1,024 of them, or 1 MiB, wait (`error`).
 */
export type Overflow = 'buffer' | 'error';

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const checkOverflow = (given: unknown, name: string): Overflow => {
  if (given === 'buffer' || given === 'error') return given;
  throw invalidOption(name, given, "'buffer' or 'error'");
};

/** What is said of streams in the `extras` of handlers, over what the server says: read and checked once, at start. */
export class StreamPolicies {
  /** What waits of all streams. */
  readonly waiting: WaitingValues;
  private readonly ofHandlers = new Map<string, Overflow>();

  /** @throws RpcError `INVALID_ARGUMENT` naming the handler and the option, what it got and what it wants. */
  constructor(
    handlers: ReadonlyMap<string, MessageHandler>,
    private readonly server: { readonly streamOverflow: Overflow; readonly maxQueuedBytes: number },
  ) {
    this.waiting = new WaitingValues(server.maxQueuedBytes);
    for (const [pattern, handler] of handlers) {
      const { streamOverflow } = (handler.extras ?? {}) as { readonly streamOverflow?: unknown };
      if (streamOverflow === undefined) continue;
      const name = `@MessagePattern('${pattern}') streamOverflow`;
      this.ofHandlers.set(pattern, checkOverflow(streamOverflow, name));
    }
  }

  /** @param pattern as in the message. Patterns that are spelt in another way than their handler's have what the server says. */
  overflowOf(pattern: string): Overflow {
    return this.ofHandlers.get(pattern) ?? this.server.streamOverflow;
  }
}
