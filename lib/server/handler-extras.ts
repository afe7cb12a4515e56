import type { MessageHandler } from '@nestjs/microservices';

/** What stands in the `extras` of one handler, by name; nothing of it is checked. */
export type HandlerExtras = Readonly<Record<string, unknown>>;

/** A handler as errors name it: by its decorator. */
export const handlerName = (pattern: string, { isEventHandler }: MessageHandler): string =>
  `${isEventHandler ? '@EventPattern' : '@MessagePattern'}('${pattern}')`;

/** The `extras` of a handler, and of the other event handlers of its pattern: Nest has them in a chain, and they are one run. */
export function* extrasOf(first: MessageHandler): Iterable<HandlerExtras> {
  for (let each: MessageHandler | undefined = first; each !== undefined; each = each.next as MessageHandler)
    yield (each.extras ?? {}) as HandlerExtras;
}
