import {
  checkBoolean,
  checkDurationMs,
  checkInteger,
  checkNames,
  checkObject,
  checkString,
  readOption,
} from './option-checks.js';

/** The check of one option, which fills in its default as well: what was given becomes what is used. */
export type OptionCheck<Value> = (given: unknown, name: string) => Value;

/**
 * One entry per option: its check with its default. Written with `satisfies OptionTable<…>`, so that an option without an
 * entry, and an entry without an option, do not compile.
 */
export type OptionTable<Options extends object> = {
  readonly [Name in keyof Options]-?: OptionCheck<unknown>;
};

/** What a table makes of the options: all of them there. */
export type Resolved<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends OptionCheck<infer Value> ? Value : never;
};

/** The names that a table knows. */
export const namesOf = (...tables: readonly object[]): readonly string[] =>
  tables.flatMap((table) => Object.keys(table));

/**
 * Every option checked and filled in, once. Takes no notice of other names: `checkNames` refuses those.
 * @param owner put before each name in errors: `'topics.'`
 * @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants.
 */
export const resolveOptions = <Table extends Readonly<Record<string, OptionCheck<unknown>>>>(
  table: Table,
  options: object,
  owner = '',
): Resolved<Table> => {
  const given = options as Readonly<Record<string, unknown>>;
  const entries = Object.entries(table).map(([name, check]) => {
    const fullName = `${owner}${name}`;
    return [
      name,
      check(
        readOption(fullName, () => given[name]),
        fullName,
      ),
    ];
  });
  return Object.freeze(Object.fromEntries(entries)) as Resolved<Table>;
};

/** An option that is an object of options: `{}` when it is not given. */
export const nested =
  <Table extends Readonly<Record<string, OptionCheck<unknown>>>>(
    table: Table,
  ): OptionCheck<Resolved<Table>> =>
  (given, name) => {
    const options = checkObject(name, given ?? {});
    checkNames(name, options, namesOf(table));
    return resolveOptions(table, options, `${name}.`);
  };

/** @param min the smallest that is allowed; @param max the largest */
export const integer =
  (fallback: number, min: number, max?: number): OptionCheck<number> =>
  (given, name) =>
    checkInteger(name, given ?? fallback, min, max);

/** Milliseconds that a timer of Node can wait. */
export const durationMs =
  (fallback: number, minMs: number, maxMs?: number): OptionCheck<number> =>
  (given, name) =>
    checkDurationMs(name, given ?? fallback, minMs, maxMs);

export const flag =
  (fallback: boolean): OptionCheck<boolean> =>
  (given, name) =>
    checkBoolean(name, given ?? fallback);

/** @param fallback none for an option that must be given; @param maxBytes of UTF-8 */
export const text =
  (fallback?: string, maxBytes?: number): OptionCheck<string> =>
  (given, name) =>
    checkString(name, given ?? fallback, maxBytes);

/** An option that somebody else checks. */
export const asGiven =
  <Value>(): OptionCheck<Value> =>
  (given) =>
    given as Value;

/** An option that stays missing when it is not given. */
export const optional =
  <Value>(check: OptionCheck<Value>): OptionCheck<Value | undefined> =>
  (given, name) =>
    given === undefined ? undefined : check(given, name);
