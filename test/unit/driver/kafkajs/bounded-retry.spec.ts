import { KafkaJSConnectionError, KafkaJSRequestTimeoutError, KafkaJSSASLAuthenticationError } from 'kafkajs';
import { boundedRetrier } from '../../../../lib/driver/kafkajs/bounded-retry.js';

const refused = (): Error => Reflect.construct(KafkaJSConnectionError, ['refused', {}]) as Error;

describe('attempts to connect', () => {
  it('are bounded, and fail with what the last of them failed with', async () => {
    const attempt = jest.fn(() => Promise.reject(refused()));
    await expect(boundedRetrier(2, new AbortController().signal)(attempt)).rejects.toThrow('refused');
    expect(attempt).toHaveBeenCalledTimes(3);
  });

  it('endure two lost answers, and not as many as refusals, which cost no time', async () => {
    const timedOut = Reflect.construct(KafkaJSRequestTimeoutError, ['timed out', {}]) as Error;
    const attempt = jest.fn(() => Promise.reject(timedOut));
    await expect(boundedRetrier(10, new AbortController().signal)(attempt)).rejects.toThrow('timed out');
    expect(attempt).toHaveBeenCalledTimes(3);
  });

  it('end at once when the connection is closed, also in the wait between two', async () => {
    const closing = new AbortController();
    const attempt = jest.fn(() => Promise.reject(refused()));
    const attempts = boundedRetrier(50, closing.signal)(attempt);
    setImmediate(() => closing.abort());
    await expect(attempts).rejects.toThrow('refused');
    expect(attempt.mock.calls.length).toBeLessThan(4);
  });

  it.each([
    ['a password', Reflect.construct(KafkaJSSASLAuthenticationError, ['wrong']) as Error],
    [
      'a certificate',
      Reflect.construct(KafkaJSConnectionError, ['bad', { code: 'CERT_HAS_EXPIRED' }]) as Error,
    ],
    ['our own mistakes', new TypeError('undefined')],
  ])('are not repeated for %s', async (_what, error) => {
    const attempt = jest.fn(() => Promise.reject(error));
    await expect(boundedRetrier(5, new AbortController().signal)(attempt)).rejects.toBe(error);
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it('end when kafkajs bails out', async () => {
    const attempt = jest.fn(async (bail: (error: unknown) => void) => bail(new Error('no use')));
    await expect(boundedRetrier(5, new AbortController().signal)(attempt)).rejects.toThrow('no use');
    expect(attempt).toHaveBeenCalledTimes(1);
  });
});
