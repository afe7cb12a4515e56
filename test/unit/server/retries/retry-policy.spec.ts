import { RpcError, RpcStatus } from 'nestjs-kafka-rpc';
import { UserCode } from '../../../../lib/diagnostics/user-code.js';
import { checkRetry, resolveRetry, type RetryOptions } from '../../../../lib/server/retries/retry-options.js';
import { RetryPolicy } from '../../../../lib/server/retries/retry-policy.js';

const reported: unknown[] = [];

const policy = (options: RetryOptions, random = 0): RetryPolicy =>
  new RetryPolicy(
    resolveRetry('retry', checkRetry(options, 'retry')),
    new UserCode((callOut, thrown) => void reported.push([callOut, thrown])),
    () => random,
  );

const error = (status: RpcStatus = 'UNAVAILABLE', retryable?: boolean): RpcError =>
  new RpcError(status, 'failed', retryable === undefined ? {} : { retryable });

describe('a retry policy', () => {
  it('doubles the pause up to the longest one, however often', () => {
    const { pauseMs } = {
      pauseMs: (runs: number) => policy({ attempts: Infinity, backoffMs: 100 }).pauseMs(runs, error()),
    };
    expect([1, 2, 3, 4].map(pauseMs)).toEqual([100, 200, 400, 800]);
    expect([20, 31, 32, 1_100, 2 ** 32].map(pauseMs)).toEqual(Array(5).fill(300_000));
  });

  it('has no pause where none is wanted, however often', () => {
    const none = policy({ attempts: Infinity, backoffMs: 0 });
    expect([1, 5, 5_000].map((runs) => none.pauseMs(runs, error()))).toEqual([0, 0, 0]);
  });

  it('takes from a pause what is left to chance, and adds nothing', () => {
    const options = { attempts: 2, backoffMs: 1_000, jitter: 0.5 };
    expect([0, 0.5, 1].map((random) => policy(options, random).pauseMs(1, error()))).toEqual([
      1_000, 750, 500,
    ]);
  });

  it.each([
    ['throws', true],
    ['rejects later', false],
  ])('leaves it at what is usual, and reports it, when a rule %s', async (_how, isThrown) => {
    reported.splice(0);
    const failure = new Error('The rule has a bug.');
    const on = (): boolean => {
      if (isThrown) throw failure;
      return Promise.reject(failure) as unknown as boolean;
    };
    const two = policy({ attempts: 2, on });
    expect(two.pauseMs(1, error('UNAVAILABLE'))).toBeDefined();
    expect(two.pauseMs(1, error('NOT_FOUND'))).toBeUndefined();
    await new Promise(setImmediate);
    expect(reported).toEqual(Array(2).fill(['retry rule', failure]));
  });

  it('ends with the last attempt', () => {
    const three = policy({ attempts: 3 });
    expect([1, 2, 3, 4].map((runs) => three.pauseMs(runs, error()) === undefined)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(policy({}).pauseMs(1, error())).toBeUndefined();
  });

  it('lets pass what may pass by itself', () => {
    const retried = Object.values(RpcStatus).filter(
      (status) => policy({ attempts: 2 }).pauseMs(1, error(status)) !== undefined,
    );
    expect(retried.sort()).toEqual([
      'ABORTED',
      'DEADLINE_EXCEEDED',
      'INTERNAL',
      'RESOURCE_EXHAUSTED',
      'UNAVAILABLE',
      'UNKNOWN',
    ]);
  });

  it('hears whoever says that it is, or is not, to be retried', () => {
    const two = policy({ attempts: 2 });
    expect(two.pauseMs(1, error('UNAVAILABLE', false))).toBeUndefined();
    expect(two.pauseMs(1, error('NOT_FOUND', true))).toBeDefined();
  });

  it.each([
    [{ attempts: 1.5 }],
    [{ attempts: NaN }],
    [{ attempts: '3' }],
    [{ backoffMs: -1 }],
    [{ backoffMs: Infinity }],
    [{ jitter: 1.1 }],
    [{ order: 'all' }],
    [{ on: 'UNAVAILABLE' }],
    [{ onn: [] }],
  ])('is refused as %j', (options) => {
    expect(() => checkRetry(options, 'retry')).toThrow(RpcError);
  });

  it('of a handler lies over that of the server, option by option', () => {
    const server = checkRetry({ attempts: 5, jitter: 0, order: 'none' }, 'retry');
    expect(resolveRetry('retry', server, checkRetry({ attempts: 2 }, 'own'))).toMatchObject({
      attempts: 2,
      jitter: 0,
      order: 'none',
      backoffMs: 1_000,
    });
  });
});
