import { invalidOption } from '../../errors/option-checks.js';
import { nested, optional, type OptionTable, type Resolved } from '../../errors/option-table.js';
import {
  layered,
  resolvePauses,
  RETRY_CHECKS,
  type RetriedFailures,
  type RetryPauses,
} from '../../errors/retry-pauses.js';

export type { RetriedFailures };

/** How often, when and after which errors a handler runs again: for a server, or in the `extras` of one handler. */
export interface RetryOptions {
  /** How many runs, the first one included. `Infinity` never gives up. @default 1: no retry */
  readonly attempts?: number;
  /** The pause before the second run, in milliseconds. It doubles each time. @default 1000 */
  readonly backoffMs?: number;
  /** The longest pause, in milliseconds. @default 300000, or `backoffMs` if that is more */
  readonly maxBackoffMs?: number;
  /** The part of each pause that is random, from 0 to 1. It only shortens pauses. @default 0.2 */
  readonly jitter?: number;
  /**
   * Which errors are retried: a list of statuses, or a function that gets the error. Its `cause` is what the handler threw.
   * @default UNKNOWN, INTERNAL, UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED and ABORTED, but what says `retryable: false`
   */
  readonly on?: RetriedFailures;
  /**
   * `'key'`: an event with a key is retried in its place, and later events of its key wait. `'none'`: it waits on the delay topic, and
   * later events overtake it. Events without a key have no order and always wait on the delay topic. @default 'key'
   */
  readonly order?: 'key' | 'none';
}

const DEFAULTS = { backoffMs: 1_000, maxBackoffMs: 300_000, jitter: 0.2 };

const checkOrder = (given: unknown, name: string): 'key' | 'none' => {
  if (given === 'key' || given === 'none') return given;
  throw invalidOption(name, given, "'key' or 'none'");
};

/** The check of each option. Missing options stay missing: a handler's options replace the server's one by one. */
const RETRY_OPTIONS = { ...RETRY_CHECKS, order: optional(checkOrder) } satisfies OptionTable<RetryOptions>;

/** The options of a server, or of a handler: checked, and not filled in. */
export type CheckedRetry = Resolved<typeof RETRY_OPTIONS>;

/** With all filled in. */
export interface ResolvedRetry extends RetryPauses {
  /** Undefined for the default. */
  readonly on: RetriedFailures | undefined;
  readonly order: 'key' | 'none';
}

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const checkRetry: (given: unknown, name: string) => CheckedRetry = nested(RETRY_OPTIONS);

/**
 * @param layers later ones lie over earlier ones
 * @throws RpcError `INVALID_ARGUMENT` when the longest pause is shorter than the first.
 */
export const resolveRetry = (name: string, ...layers: readonly CheckedRetry[]): ResolvedRetry => {
  const given = layered(...layers);
  return Object.freeze({
    ...resolvePauses(name, given, DEFAULTS),
    on: given.on,
    order: given.order ?? 'key',
  });
};
