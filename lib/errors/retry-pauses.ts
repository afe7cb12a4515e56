import { checkInteger, invalidOption } from './option-checks.js';
import { durationMs, optional, type OptionCheck } from './option-table.js';
import type { RpcError } from './rpc-error.js';
import { isRpcStatus, RpcStatus } from './status.js';

/** Which errors are retried: a list of statuses, or a function that decides. */
export type RetriedFailures = readonly RpcStatus[] | ((error: RpcError) => boolean);

/** How often something is tried, and after which pauses. */
export interface RetryPauses {
  readonly attempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** The part of each pause that is random, from 0 to 1. */
  readonly jitter: number;
}

/** What stands in the options: a missing one stays missing, so that a layer of options can lie over another. */
export type GivenPauses = { readonly [Name in keyof RetryPauses]: RetryPauses[Name] | undefined };

/** What holds where nothing is said. `maxBackoffMs` is `backoffMs` if that is more. */
export type DefaultPauses = Omit<RetryPauses, 'attempts'>;

const attempts: OptionCheck<number> = (given, name) => {
  if (given === Infinity) return Infinity;
  if (typeof given === 'number' && Number.isInteger(given)) return checkInteger(name, given, 1);
  throw invalidOption(name, given, 'a whole number of at least 1, or Infinity');
};

const jitter: OptionCheck<number> = (given, name) => {
  if (typeof given === 'number' && given >= 0 && given <= 1) return given;
  throw invalidOption(name, given, 'a number from 0 to 1');
};

const failures: OptionCheck<RetriedFailures> = (given, name) => {
  if (typeof given === 'function') return given as (error: RpcError) => boolean;
  if (isStatuses(given)) return Object.freeze([...given]);
  throw invalidOption(name, given, `an array of statuses (${ALL_STATUSES}) or a function of the error`);
};

/** A list of statuses. @throws RpcError `INVALID_ARGUMENT` naming the option. */
export const checkStatuses: OptionCheck<readonly RpcStatus[]> = (given, name) => {
  if (isStatuses(given)) return Object.freeze([...given]);
  throw invalidOption(name, given, `an array of statuses (${ALL_STATUSES})`);
};

const ALL_STATUSES = Object.values(RpcStatus).join(', ');

const isStatuses = (given: unknown): given is readonly RpcStatus[] =>
  Array.isArray(given) && given.every(isRpcStatus);

/** The check of each option that all who try again have. Missing options stay missing. */
export const RETRY_CHECKS = {
  attempts: optional(attempts),
  backoffMs: optional(durationMs(0, 0)),
  maxBackoffMs: optional(durationMs(0, 0)),
  jitter: optional(jitter),
  on: optional(failures),
};

/** One layer of options over another: what the upper one leaves out is the lower one's. */
export const layered = <Options extends object>(...layers: readonly Options[]): Partial<Options> =>
  Object.assign({}, ...layers.map(givenOnly)) as Partial<Options>;

const givenOnly = (layer: object): object =>
  Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined));

/**
 * @param name begins the name of each option in errors
 * @throws RpcError `INVALID_ARGUMENT` when the longest pause is shorter than the first.
 */
export const resolvePauses = (
  name: string,
  given: Partial<GivenPauses>,
  defaults: DefaultPauses,
): RetryPauses => {
  const backoffMs = given.backoffMs ?? defaults.backoffMs;
  const maxBackoffMs = given.maxBackoffMs ?? Math.max(defaults.maxBackoffMs, backoffMs);
  if (maxBackoffMs < backoffMs && given.backoffMs !== undefined)
    throw invalidOption(`${name}.maxBackoffMs`, maxBackoffMs, `at least backoffMs, which is ${backoffMs}`);
  return {
    attempts: given.attempts ?? 1,
    backoffMs: Math.min(backoffMs, maxBackoffMs),
    maxBackoffMs,
    jitter: given.jitter ?? defaults.jitter,
  };
};

/** Beyond, a doubled pause is longer than any that is allowed; no number gets so large that it is none. */
const MAX_DOUBLINGS = 31;

/**
 * The pause before the next try, in milliseconds: doubled each time, and shortened by chance.
 * @param runs how often it was tried already
 * @param random from 0 to 1
 */
export const pauseAfter = (
  { backoffMs, maxBackoffMs, jitter: part }: RetryPauses,
  runs: number,
  random: number,
): number => {
  const doubled = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(runs - 1, MAX_DOUBLINGS));
  return Math.round(doubled * (1 - part * random));
};
