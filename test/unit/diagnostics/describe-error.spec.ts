import { describeError } from '../../../lib/diagnostics/describe-error.js';

describe('describeError', () => {
  it('shows the stack of an error', () => {
    expect(describeError(new TypeError('no such thing'))).toMatch(/^TypeError: no such thing\n\s+at /);
  });

  it('shows plain values as JSON', () => {
    expect(describeError({ code: 7 })).toBe('{"code":7}');
    expect(describeError('text')).toBe('text');
    expect(describeError(undefined)).toBe('undefined');
  });

  const circular: { self?: unknown } = {};
  circular.self = circular;
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error('trap');
      },
    },
  );
  const throwingStack = new Error('x');
  Object.defineProperty(throwingStack, 'stack', {
    get: () => {
      throw new Error('getter');
    },
  });

  it.each([
    ['a BigInt', 7n, '7'],
    ['an object with a BigInt', { n: 7n }, '[object Object]'],
    ['something circular', circular, '[object Object]'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a value whose every property throws', hostile, 'a value that cannot be shown'],
    ['an error whose stack throws', throwingStack, '[object Error]'],
    ['an object without a prototype', Object.create(null), '{}'],
  ])('never throws: %s', (_name, thrown, text) => {
    expect(describeError(thrown)).toBe(text);
  });
});
