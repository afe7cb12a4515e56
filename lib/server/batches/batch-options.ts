import type { MessageHandler } from '@nestjs/microservices';
import { invalidOption } from '../../errors/option-checks.js';
import { handlerName } from '../handler-extras.js';
import { durationMs, integer, nested, type OptionTable, type Resolved } from '../../errors/option-table.js';

/** Many calls in one run of a handler, in its `extras`: `@MessagePattern('price', { batch: { max: 100, waitMs: 5 } })`. */
export interface BatchOptions {
  /** How many calls a run gets at most. They hold places of `concurrency` while they wait for each other. @default 100 */
  readonly max?: number;
  /** How long the first call waits for others, in milliseconds. @default 5 */
  readonly waitMs?: number;
}

const BATCH = {
  max: integer(100, 1, 10_000),
  waitMs: durationMs(5, 0, 60_000),
} satisfies OptionTable<BatchOptions>;

export type ResolvedBatch = Resolved<typeof BATCH>;

/**
 * What the `extras` of a handler say of batches; undefined for nothing.
 * @throws RpcError `INVALID_ARGUMENT` naming the handler and the option, what it got and what it wants.
 */
export const batchOf = (pattern: string, handler: MessageHandler): ResolvedBatch | undefined => {
  const { batch } = (handler.extras ?? {}) as { readonly batch?: unknown };
  if (batch === undefined) return undefined;
  const name = `${handlerName(pattern, handler)} batch`;
  if (handler.isEventHandler) throw invalidOption(name, batch, 'left out for events: each is run by itself');
  return nested(BATCH)(batch, name);
};
