import type { MessageHandler } from '@nestjs/microservices';
import { invalidOption } from '../../errors/option-checks.js';
import {
  durationMs,
  integer,
  nested,
  optional,
  type OptionCheck,
  type OptionTable,
} from '../../errors/option-table.js';
import { extrasOf, handlerName } from '../handler-extras.js';

/** How many calls of a handler may start: `rateLimit` in the `extras` of a `@MessagePattern`. */
export interface RateLimitOptions {
  /** Calls a second, on each server. */
  readonly perSecond: number;
  /** How many may start at once after a rest. @default `perSecond`, and at least 1 */
  readonly burst?: number;
}

/** Limits of one handler, in its `extras`: `@MessagePattern('report', { concurrency: 2, priority: 1 })`. */
export interface HandlerLimitOptions {
  /** How many of its runs there may be at once on each server; calls beyond wait, and take no place of others. @default the server's `concurrency` */
  readonly concurrency?: number;
  /** How many turns it has for one of a handler with priority 1, while calls wait. @default 1 */
  readonly priority?: number;
  /** A run that takes longer is ended, and its caller gets `DEADLINE_EXCEEDED`, in milliseconds. Only for `@MessagePattern`. @default none */
  readonly timeoutMs?: number;
  /** More calls are refused with `RESOURCE_EXHAUSTED` and the time to come again. Only for `@MessagePattern`. @default none */
  readonly rateLimit?: RateLimitOptions;
}

const perSecond: OptionCheck<number> = (given, name) => {
  if (typeof given === 'number' && given > 0 && given <= 1_000_000) return given;
  throw invalidOption(name, given, 'a number above 0, up to 1000000');
};

const RATE_LIMIT = {
  perSecond,
  burst: optional(integer(1, 1, 1_000_000)),
} satisfies OptionTable<RateLimitOptions>;

const LIMITS = {
  concurrency: optional(integer(1, 1)),
  priority: integer(1, 1, 1_000),
  timeoutMs: optional(durationMs(1, 1)),
  rateLimit: optional(nested(RATE_LIMIT)),
} satisfies OptionTable<HandlerLimitOptions>;

/** What holds for one handler. */
export interface ResolvedLimits {
  /** Infinity for that of the server. */
  readonly concurrency: number;
  readonly priority: number;
  readonly timeoutMs: number | undefined;
  readonly rateLimit: { readonly perSecond: number; readonly burst: number } | undefined;
}

/** What holds where nothing is said. */
export const NO_LIMITS: ResolvedLimits = Object.freeze({
  concurrency: Infinity,
  priority: 1,
  timeoutMs: undefined,
  rateLimit: undefined,
});

/**
 * What a handler's `extras` say. Several event handlers of one pattern are one run: the first that says anything says it for all.
 * @throws RpcError `INVALID_ARGUMENT` naming the handler and the option, what it got and what it wants.
 */
export const limitsOf = (pattern: string, handler: MessageHandler): ResolvedLimits => {
  const name = handlerName(pattern, handler);
  const resolved: Record<string, unknown> = { ...NO_LIMITS };
  for (const option of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) {
    const given = firstOf(handler, option);
    if (given === undefined) continue;
    const check: OptionCheck<unknown> = LIMITS[option];
    resolved[option] = check(given, `${name} ${option}`);
    const isOfCalls = option === 'timeoutMs' || option === 'rateLimit';
    if (handler.isEventHandler && isOfCalls)
      throw invalidOption(
        `${name} ${option}`,
        given,
        'left out for events, which have no caller to hear of it',
      );
  }
  return Object.freeze({ ...(resolved as unknown as ResolvedLimits), ...withBurst(resolved) });
};

const withBurst = ({ rateLimit }: Readonly<Record<string, unknown>>): object => {
  if (rateLimit === undefined) return {};
  const { perSecond: rate, burst } = rateLimit as { readonly perSecond: number; readonly burst?: number };
  return { rateLimit: { perSecond: rate, burst: burst ?? Math.max(1, Math.floor(rate)) } };
};

const firstOf = (handler: MessageHandler, option: string): unknown => {
  for (const { [option]: given } of extrasOf(handler)) if (given !== undefined) return given;
  return undefined;
};
