import type { RpcError } from '../../errors/rpc-error.js';
import { isRpcStatus, RpcStatus } from '../../errors/status.js';
import { checkInteger, invalidOption } from '../../errors/option-checks.js';
import { durationMs, nested, type OptionTable, type Resolved } from '../../errors/option-table.js';

/** Which errors are retried: a list of statuses, or a function that decides. */
export type RetriedFailures = readonly RpcStatus[] | ((error: RpcError) => boolean);

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

const DEFAULT_BACKOFF_MS = 1_000;
const DEFAULT_MAX_BACKOFF_MS = 300_000;
const DEFAULT_JITTER = 0.2;

/** The check of each option. Missing options stay missing: a handler's options replace the server's one by one. */
const RETRY_OPTIONS = {
  attempts: (given, name) => optional(given, () => checkAttempts(name, given)),
  backoffMs: (given, name) => optional(given, () => durationMs(0, 0)(given, name)),
  maxBackoffMs: (given, name) => optional(given, () => durationMs(0, 0)(given, name)),
  jitter: (given, name) => optional(given, () => checkJitter(name, given)),
  on: (given, name) => optional(given, () => checkFailures(name, given)),
  order: (given, name) => optional(given, () => checkOrder(name, given)),
} satisfies OptionTable<RetryOptions>;

/** The options of a server, or of a handler: checked, and not filled in. */
export type CheckedRetry = Resolved<typeof RETRY_OPTIONS>;

/** With all filled in. */
export interface ResolvedRetry {
  readonly attempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly jitter: number;
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
  const given = Object.assign({}, ...layers.map(givenOnly)) as Partial<CheckedRetry>;
  const backoffMs = given.backoffMs ?? DEFAULT_BACKOFF_MS;
  const maxBackoffMs = given.maxBackoffMs ?? Math.max(DEFAULT_MAX_BACKOFF_MS, backoffMs);
  if (maxBackoffMs < backoffMs && given.backoffMs !== undefined)
    throw invalidOption(`${name}.maxBackoffMs`, maxBackoffMs, `at least backoffMs, which is ${backoffMs}`);
  return Object.freeze({
    attempts: given.attempts ?? 1,
    backoffMs: Math.min(backoffMs, maxBackoffMs),
    maxBackoffMs,
    jitter: given.jitter ?? DEFAULT_JITTER,
    on: given.on,
    order: given.order ?? 'key',
  });
};

const givenOnly = (layer: CheckedRetry): Partial<CheckedRetry> =>
  Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined));

const optional = <T>(given: unknown, check: () => T): T | undefined =>
  given === undefined ? undefined : check();

const checkAttempts = (name: string, given: unknown): number => {
  if (given === Infinity) return Infinity;
  if (typeof given === 'number' && Number.isInteger(given)) return checkInteger(name, given, 1);
  throw invalidOption(name, given, 'a whole number of at least 1, or Infinity');
};

const checkJitter = (name: string, given: unknown): number => {
  if (typeof given === 'number' && given >= 0 && given <= 1) return given;
  throw invalidOption(name, given, 'a number from 0 to 1');
};

const checkFailures = (name: string, given: unknown): RetriedFailures => {
  if (typeof given === 'function') return given as (error: RpcError) => boolean;
  if (Array.isArray(given) && given.every(isRpcStatus)) return Object.freeze([...given]);
  throw invalidOption(
    name,
    given,
    `an array of statuses (${Object.values(RpcStatus).join(', ')}) or a function of the error`,
  );
};

const checkOrder = (name: string, given: unknown): 'key' | 'none' => {
  if (given === 'key' || given === 'none') return given;
  throw invalidOption(name, given, "'key' or 'none'");
};
