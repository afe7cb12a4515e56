import { checkNames, checkObject, invalidOption } from '../../errors/option-checks.js';
import {
  flag,
  integer,
  namesOf,
  nested,
  optional,
  resolveOptions,
  type OptionCheck,
  type OptionTable,
  type Resolved,
} from '../../errors/option-table.js';
import {
  checkStatuses,
  layered,
  resolvePauses,
  RETRY_CHECKS,
  type RetriedFailures,
  type RetryPauses,
} from '../../errors/retry-pauses.js';
import type { RpcStatus } from '../../errors/status.js';

/**
 * How often, when and after which errors a client sends a call again: for a client, a pattern or a call. Only calls that were not sent,
 * or are idempotent by mark or by key, are sent again; within their deadline, and within the client's `retryBudget`.
 */
export interface CallRetryOptions {
  /** How many attempts, the first one included. `Infinity` goes on until the deadline. @default 1: no retry */
  readonly attempts?: number;
  /** The pause before the second attempt, in milliseconds. It doubles each time. @default 100 */
  readonly backoffMs?: number;
  /** The longest pause, in milliseconds. @default 5000, or `backoffMs` if that is more */
  readonly maxBackoffMs?: number;
  /** The part of each pause that is random, from 0 to 1. @default 0.2 */
  readonly jitter?: number;
  /** Which errors are retried: a list of statuses, or a function that gets the error. @default errors with `retryable: true` */
  readonly on?: RetriedFailures;
  /** The list of `on`, under gRPC's name. @default none */
  readonly statuses?: readonly RpcStatus[];
}

/**
 * A bucket of tokens for all retries of a client, so that they cannot multiply an outage. A failed attempt takes a token, an answered
 * call gives a part of one back. While half of the tokens or fewer are left, nothing is sent again.
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 */
export interface RetryBudgetOptions {
  /** How many tokens there are at most, and at the start. @default 100 */
  readonly maxTokens?: number;
  /** What a call that succeeds gives back, from 0 to 1000. @default 0.1 */
  readonly tokenRatio?: number;
}

/** What holds for the calls of one pattern. */
export interface PatternOptions {
  /** Over the client's `retry`, option by option; `false` for none. @default the client's `retry` */
  readonly retry?: CallRetryOptions | false;
  /** Whether a second run of the handler does no harm. @default false */
  readonly idempotent?: boolean;
  /** How many of its calls may be open. More fail with `RESOURCE_EXHAUSTED`. @default the client's `maxOpenCallsPerPattern` */
  readonly maxOpenCalls?: number;
}

const DEFAULTS = { backoffMs: 100, maxBackoffMs: 5_000, jitter: 0.2 };

/** The check of each option. Missing options stay missing: those of a call replace the pattern's and the client's one by one. */
const CALL_RETRY = {
  ...RETRY_CHECKS,
  statuses: optional(checkStatuses),
} satisfies OptionTable<CallRetryOptions>;

/** One layer: checked, and not filled in. */
export type CheckedCallRetry = Resolved<typeof CALL_RETRY>;

export interface ResolvedCallRetry extends RetryPauses {
  /** Undefined for the default. */
  readonly on: RetriedFailures | undefined;
}

const checkLayer: OptionCheck<CheckedCallRetry> = (given, name) => {
  const layer = nested(CALL_RETRY)(given, name);
  if (layer.on === undefined || layer.statuses === undefined) return layer;
  throw invalidOption(`${name}.statuses`, layer.statuses, 'left out where on is given');
};

/** `undefined` when nothing is said; `false` for never. @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkCallRetry: OptionCheck<CheckedCallRetry | false | undefined> = (given, name) =>
  given === undefined || given === false ? given : checkLayer(given, name);

/**
 * @param layers later ones lie over earlier ones; `false` ends what is below
 * @throws RpcError `INVALID_ARGUMENT` when the longest pause is shorter than the first.
 */
export const resolveCallRetry = (
  name: string,
  ...layers: readonly (CheckedCallRetry | false | undefined)[]
): ResolvedCallRetry | false => {
  if (layers.at(-1) === false) return false;
  const given = layered(...layers.filter((layer) => layer !== undefined && layer !== false).map(inOneName));
  return Object.freeze({ ...resolvePauses(name, given, DEFAULTS), on: given.on });
};

const inOneName = ({ statuses, on, ...layer }: CheckedCallRetry): CheckedCallRetry => ({
  ...layer,
  on: on ?? statuses,
  statuses: undefined,
});

const number =
  (fallback: number, isRight: (value: number) => boolean, wants: string): OptionCheck<number> =>
  (given = fallback, name) => {
    if (typeof given === 'number' && isRight(given)) return given;
    throw invalidOption(name, given, wants);
  };

const RETRY_BUDGET = {
  maxTokens: integer(100, 1, 1_000_000),
  tokenRatio: number(0.1, (ratio) => ratio >= 0 && ratio <= 1_000, 'a number from 0 to 1000'),
} satisfies OptionTable<RetryBudgetOptions>;

export type ResolvedRetryBudget = Resolved<typeof RETRY_BUDGET>;

/** @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkRetryBudget: OptionCheck<ResolvedRetryBudget> = nested(RETRY_BUDGET);

const PATTERN = {
  retry: checkCallRetry,
  idempotent: flag(false),
  maxOpenCalls: optional(integer(1, 1)),
} satisfies OptionTable<PatternOptions>;

export type ResolvedPattern = Resolved<typeof PATTERN>;

/** By pattern, as it stands on the wire. @throws RpcError `INVALID_ARGUMENT` naming the pattern and the option. */
export const checkPatterns: OptionCheck<ReadonlyMap<string, ResolvedPattern>> = (given, name) =>
  new Map(
    Object.entries(checkObject(name, given ?? {})).map(([pattern, options]) => {
      const owner = `${name}['${pattern}']`;
      checkNames(owner, checkObject(owner, options), namesOf(PATTERN));
      return [pattern, resolveOptions(PATTERN, options as object, `${owner}.`)];
    }),
  );
