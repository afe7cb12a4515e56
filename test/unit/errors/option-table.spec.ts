import { checkNames } from '../../../lib/errors/option-checks.js';
import {
  durationMs,
  flag,
  integer,
  namesOf,
  nested,
  resolveOptions,
  text,
  type OptionTable,
} from '../../../lib/errors/option-table.js';

interface Options {
  readonly places?: number;
  readonly waitMs?: number;
  readonly name: string;
  readonly inner?: { readonly isOn?: boolean };
}

const TABLE = {
  places: integer(4, 1, 8),
  waitMs: durationMs(100, 0),
  name: text(undefined, 3),
  inner: nested({ isOn: flag(false) } satisfies OptionTable<NonNullable<Options['inner']>>),
} satisfies OptionTable<Options>;

describe('a table of options', () => {
  it('fills in what is not given, and freezes what comes of it', () => {
    const resolved = resolveOptions(TABLE, { name: 'a' });
    expect(resolved).toEqual({ places: 4, waitMs: 100, name: 'a', inner: { isOn: false } });
    expect(Object.isFrozen(resolved) && Object.isFrozen(resolved.inner)).toBe(true);
  });

  it('takes what is given', () => {
    const given = { places: 8, waitMs: 0, name: 'abc', inner: { isOn: true } };
    expect(resolveOptions(TABLE, given)).toEqual(given);
  });

  it('knows its names', () => {
    expect(namesOf(TABLE, { more: flag(true) })).toEqual(['places', 'waitMs', 'name', 'inner', 'more']);
    expect(() => checkNames('A thing', { place: 1 }, namesOf(TABLE))).toThrow('has no option "place"');
  });

  it.each([
    [{}, 'Option "top.name" is undefined'],
    [{ name: 'abcd' }, 'Option "top.name" is "abcd", it must be a string of at most 3 bytes of UTF-8'],
    [{ name: 'a', places: 9 }, 'Option "top.places" is 9'],
    [{ name: 'a', waitMs: 2 ** 31 }, 'Option "top.waitMs" is 2147483648'],
    [{ name: 'a', inner: [] }, 'Option "top.inner" is an array of 0'],
    [{ name: 'a', inner: { isOn: 1 } }, 'Option "top.inner.isOn" is 1'],
    [{ name: 'a', inner: { on: true } }, 'top.inner has no option "on"'],
  ])('names what is wrong: %j', (options, message) => {
    expect(() => resolveOptions(TABLE, options, 'top.')).toThrow(message);
  });

  it('makes 0 of -0', () => {
    expect(Object.is(resolveOptions(TABLE, { name: 'a', waitMs: -0 }).waitMs, 0)).toBe(true);
  });

  it('with an option forgotten, or one too many, does not compile', () => {
    const { inner, ...forgotten } = TABLE;
    const more = { ...TABLE, other: flag(true) };
    type Whole = OptionTable<Options>;
    // @ts-expect-error "inner" is missing
    forgotten satisfies Whole;
    // @ts-expect-error "other" is no option
    ({ ...TABLE, other: more.other }) satisfies Whole;
    expect(namesOf(more)).toEqual([...namesOf(forgotten, { inner }), 'other']);
  });
});
