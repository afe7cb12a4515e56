import { RpcException } from '@nestjs/microservices';
import { inspect } from 'node:util';
import { RpcError } from '../../../lib/errors/rpc-error.js';
import { RpcStatus } from '../../../lib/errors/status.js';

describe('an RpcError', () => {
  it('says what went wrong, and is an Error and Nest’s RpcException', () => {
    const error = new RpcError('NOT_FOUND', 'No such order.', { details: { id: 7 } });
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toBeInstanceOf(RpcException);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'RpcError', status: 'NOT_FOUND', message: 'No such order.' });
    expect(error.details).toEqual({ id: 7 });
    expect(error.stack).toContain('No such order.');
  });

  it.each(Object.values(RpcStatus))(
    'may be tried again as its status says, unless it says otherwise: %s',
    (status) => {
      const isTransient = ['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED'].includes(status);
      expect(new RpcError(status, '').retryable).toBe(isTransient);
      expect(new RpcError(status, '', { retryable: !isTransient }).retryable).toBe(!isTransient);
    },
  );

  it('keeps its cause in this process: neither JSON nor Nest’s filters pass it on', () => {
    const cause = new Error('the password is 1234');
    const error = new RpcError('INTERNAL', 'Failed.', { cause });
    expect(error.cause).toBe(cause);
    expect(JSON.stringify(error)).not.toContain('1234');
    expect(Object.keys(error)).not.toContain('cause');
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'RpcError',
      status: 'INTERNAL',
      message: 'Failed.',
      retryable: false,
    });
    expect(inspect(error)).toContain('1234');
  });

  it('is handed on by Nest’s filters as itself', () => {
    const error = new RpcError('NOT_FOUND', 'x');
    expect(error.getError()).toBe(error);
  });

  it('is known to another copy of this package by its brand, and nothing else is', () => {
    const foreign = Object.create(Error.prototype, {
      [Symbol.for('nestjs-kafka-rpc.RpcError')]: { value: true },
    }) as object;
    expect(foreign instanceof RpcError).toBe(true);
    for (const other of [new Error('x'), new RpcException('x'), {}, null, undefined, 'RpcError']) {
      expect((other as object) instanceof RpcError).toBe(false);
    }
  });

  it('may be extended: an instance of the subclass is one of both, not the other way round', () => {
    class OrderError extends RpcError {}
    expect(new OrderError('NOT_FOUND', 'x') instanceof RpcError).toBe(true);
    expect(new OrderError('NOT_FOUND', 'x') instanceof OrderError).toBe(true);
    expect(new RpcError('NOT_FOUND', 'x') instanceof OrderError).toBe(false);
  });
});

describe('RpcError.from', () => {
  it('gives an RpcError back as it is', () => {
    const error = new RpcError('ABORTED', 'x');
    expect(RpcError.from(error)).toBe(error);
  });

  it('takes any other error for UNKNOWN, with its message, and as the cause', () => {
    const cause = new TypeError('x is no function');
    expect(RpcError.from(cause)).toMatchObject({ status: 'UNKNOWN', message: 'x is no function', cause });
  });

  it.each<[string, unknown, object]>([
    ['a text', 'no luck', { status: 'UNKNOWN', message: 'no luck' }],
    ['a number', 7, { status: 'UNKNOWN', message: '7' }],
    ['nothing', undefined, { status: 'UNKNOWN', message: 'undefined' }],
    ['null', null, { status: 'UNKNOWN', message: 'null' }],
    ['a symbol', Symbol('s'), { status: 'UNKNOWN', message: 'Symbol(s)' }],
    [
      'what Nest makes of an RpcException',
      { status: 'error', message: 'no' },
      { status: 'UNKNOWN', message: 'no' },
    ],
    [
      'what Nest makes of an unknown error',
      { status: 'error', message: 'Internal server error' },
      { status: 'INTERNAL', message: 'Internal server error' },
    ],
    [
      'an object with one of our statuses',
      { status: 'NOT_FOUND', message: 'gone', id: 7 },
      { status: 'NOT_FOUND', message: 'gone', details: { status: 'NOT_FOUND', message: 'gone', id: 7 } },
    ],
    [
      'an object with an HTTP status',
      { status: 404, message: 'gone' },
      { status: 'NOT_FOUND', message: 'gone', details: { status: 404, message: 'gone' } },
    ],
    [
      'an object with an HTTP status as its code',
      { code: 503, message: 'busy' },
      { status: 'UNAVAILABLE', retryable: true, details: { code: 503, message: 'busy' } },
    ],
    [
      'a number that is no HTTP error',
      { statusCode: 204, message: 'm' },
      { status: 'UNKNOWN', message: 'm' },
    ],
    ['what Nest throws for a guard', 'Forbidden resource', { status: 'PERMISSION_DENIED' }],
    [
      'what Nest’s filter makes of that',
      { status: 'error', message: 'Forbidden resource' },
      { status: 'PERMISSION_DENIED', message: 'Forbidden resource' },
    ],
    [
      'an object without a message',
      { code: 7 },
      { status: 'UNKNOWN', message: 'The handler failed without a message.', details: { code: 7 } },
    ],
    [
      'a status that every object has',
      { status: 'toString', message: 'm' },
      { status: 'UNKNOWN', message: 'm' },
    ],
  ])('takes what was thrown: %s', (_what, thrown, expected) => {
    expect(RpcError.from(thrown)).toMatchObject(expected);
    const wrapped = RpcError.from(new RpcException(thrown as string | object));
    if (thrown !== undefined && thrown !== null) expect(wrapped).toMatchObject(expected);
  });

  it('keeps no details of what Nest itself says', () => {
    expect(RpcError.from({ status: 'error', message: 'no' }).details).toBeUndefined();
  });
});
