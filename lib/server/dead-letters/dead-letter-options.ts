import { checkNames, checkTime } from '../../errors/option-checks.js';
import {
  integer,
  namesOf,
  resolveOptions,
  text,
  type OptionTable,
  type Resolved,
} from '../../errors/option-table.js';
import { WIRE_OPTIONS, type WireOptions } from '../../wire/wire-options.js';
import type { DeadLetterReason } from './failed-event.js';

/** Options of `KafkaRpcDeadLetters`: `service`, and the `driver`, `topics`, `serializer` and `interceptors` of its servers. */
export interface KafkaRpcDeadLettersOptions extends WireOptions {
  /** The service that has the dead letters. */
  readonly service: string;
}

/** Selects dead letters: those that meet every given condition. */
export interface DeadLetterFilter {
  /** The most letters; the oldest of each partition come first. @default all */
  readonly limit?: number;
  /** Events of this pattern, normalized as `context.getPattern()`. */
  readonly pattern?: string;
  /** `failed` for events whose handler failed for good, `deaths` for what killed its servers, else why a record was refused. */
  readonly reason?: DeadLetterReason;
  /** Letters written at this time or later: a date, or milliseconds since the epoch, on the broker's clock. */
  readonly since?: Date | number;
  /** Letters written before this time. */
  readonly until?: Date | number;
}

const OPTIONS = { ...WIRE_OPTIONS, service: text() } satisfies OptionTable<KafkaRpcDeadLettersOptions>;

export type ResolvedDeadLettersOptions = Resolved<typeof OPTIONS>;

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const resolveDeadLettersOptions = (
  options: KafkaRpcDeadLettersOptions,
): ResolvedDeadLettersOptions => {
  checkNames('KafkaRpcDeadLetters', options, namesOf(OPTIONS));
  return resolveOptions(OPTIONS, options);
};

const timeMs =
  (fallback: number) =>
  (given: unknown, name: string): number =>
    given === undefined ? fallback : checkTime(name, given);

const anyText = (given: unknown, name: string): string | undefined =>
  given === undefined ? undefined : text()(given, name);

const FILTER = {
  limit: (given, name) => (given === undefined ? Infinity : integer(1, 1)(given, name)),
  pattern: anyText,
  reason: anyText,
  since: timeMs(-Infinity),
  until: timeMs(Infinity),
} satisfies OptionTable<DeadLetterFilter>;

export type ResolvedFilter = Resolved<typeof FILTER>;

/** @throws RpcError `INVALID_ARGUMENT` naming what it got and what it wants. */
export const resolveFilter = (filter: DeadLetterFilter): ResolvedFilter => {
  checkNames('A filter of dead letters', filter, namesOf(FILTER));
  return resolveOptions(FILTER, filter);
};
