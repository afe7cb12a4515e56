import {
  checkInteger,
  checkMethods,
  checkNames,
  checkString,
  invalidOption,
} from '../../../lib/errors/option-checks.js';

describe('the check of an option', () => {
  it('names it, what it got and what it wants', () => {
    expect(invalidOption('acks', 'all', '-1 or 1')).toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: 'Option "acks" is "all", it must be -1 or 1.',
    });
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [0, '0'],
    [NaN, 'NaN'],
    ['a"b', '"a\\"b"'],
    [7n, '7'],
    [['secret'], 'an array of 1'],
    [{ password: 'secret' }, 'an object (password)'],
    [Symbol('s'), 'Symbol(s)'],
  ])('shows %p as %s: never the content of an object', (got, shown) => {
    expect(invalidOption('x', got, 'other').message).toContain(`is ${shown}, it must be`);
  });

  it('takes whole numbers within bounds, these included', () => {
    expect([checkInteger('n', 1, 1, 3), checkInteger('n', 3, 1, 3)]).toEqual([1, 3]);
    for (const wrong of [0, 4, 1.5, NaN, Infinity, '2', null, 2n]) {
      expect(() => checkInteger('n', wrong, 1, 3)).toThrow('it must be a whole number from 1 to 3');
    }
  });

  it('takes strings that are not empty', () => {
    expect(checkString('s', 'a')).toBe('a');
    for (const wrong of ['', 7, null, undefined, ['a']]) {
      expect(() => checkString('s', wrong)).toThrow('it must be a string that is not empty');
    }
  });

  it('takes objects with the methods wanted, also inherited ones', () => {
    class Driver {
      connect(): void {
        return;
      }
    }
    const driver = new Driver();
    expect(checkMethods<Driver>('driver', driver, ['connect'])).toBe(driver);
    for (const wrong of [{}, { connect: 1 }, null, undefined, 'connect']) {
      expect(() => checkMethods<Driver>('driver', wrong, ['connect'])).toThrow(
        'it must be an object with connect()',
      );
    }
  });

  it('refuses a name that is none, and tells those there are', () => {
    checkNames('A client', { a: 1 }, ['a', 'b']);
    expect(() => checkNames('A client', { a: 1, c: 2 }, ['a', 'b'])).toThrow(
      'A client has no option "c". It has: a, b.',
    );
  });

  it.each([undefined, null, 5, 'text'])('asks for an object where no options are: %p', (given) => {
    const check = (): void => checkNames('A client', given as never, ['a', 'b']);
    expect(check).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
    expect(check).toThrow('A client wants an object of options. It has: a, b.');
  });
});
