import { RpcError, type CallRetryOptions } from 'nestjs-kafka-rpc';
import { CallRetryPolicy } from '../../../../lib/client/retries/call-retry-policy.js';
import { checkCallRetry, resolveCallRetry } from '../../../../lib/client/retries/call-retry-options.js';
import { UserCode } from '../../../../lib/diagnostics/user-code.js';

describe('the retry policy of a call', () => {
  const reported: unknown[] = [];
  const policyOf = (options: CallRetryOptions, random = 0): CallRetryPolicy => {
    const resolved = resolveCallRetry('retry', checkCallRetry(options, 'retry'));
    if (resolved === false) throw new Error('It is off.');
    return new CallRetryPolicy(resolved, new UserCode((_what, error) => reported.push(error)), () => random);
  };
  const failure = new RpcError('UNAVAILABLE', 'no');

  it('doubles its pauses up to the longest, and shortens each by chance', () => {
    const pauses = (random: number): number[] =>
      [1, 2, 3, 4, 5].map((runs) =>
        policyOf({ attempts: 9, backoffMs: 100, maxBackoffMs: 500 }, random).pauseMs(runs, failure),
      );
    expect(pauses(0)).toEqual([100, 200, 400, 500, 500]);
    expect(pauses(1)).toEqual([80, 160, 320, 400, 400]);
  });

  it.each([
    [250, 0, 250],
    [250, 1, 300],
    [0, 1, 0],
  ])('comes no earlier than the server says: %d ms', (retryAfterMs, random, pauseMs) => {
    const error = new RpcError('RESOURCE_EXHAUSTED', 'later', { retryAfterMs });
    expect(policyOf({ attempts: 2, backoffMs: 9 }, random).pauseMs(1, error)).toBe(pauseMs);
  });

  it.each([[-1], [Number.NaN], [Infinity], ['100'], [null], [{}]])(
    'takes no notice of a time that is none: %p',
    (retryAfterMs) => {
      const error = new RpcError('RESOURCE_EXHAUSTED', 'later', { details: { retryAfterMs } });
      expect(policyOf({ attempts: 2, backoffMs: 9 }).pauseMs(1, error)).toBe(9);
    },
  );

  it('retries nothing that was cancelled, whatever it is told', () => {
    const policy = policyOf({ attempts: 2, on: () => true });
    expect(policy.isRetried(new RpcError('CANCELLED', 'gone'))).toBe(false);
    expect(policy.isRetried(new RpcError('INTERNAL', 'not gone'))).toBe(true);
  });

  it('stays at what is usual when the rule throws, or says neither yes nor no', () => {
    const throwing = policyOf({
      attempts: 2,
      on: () => {
        throw new Error('no rule');
      },
    });
    const silent = policyOf({ attempts: 2, on: (() => undefined) as unknown as () => boolean });
    for (const policy of [throwing, silent])
      expect([policy.isRetried(failure), policy.isRetried(new RpcError('INTERNAL', ''))]).toEqual([
        true,
        false,
      ]);
    expect(reported).toHaveLength(2);
  });
});
