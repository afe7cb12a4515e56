import { backoffMs, sleep } from './backoff.js';
import { isHopeless } from './kafkajs-errors.js';

/** What kafkajs calls again and again: it may `bail` with an error that ends the attempts. */
type Attempt<T> = (bail: (error: unknown) => void, attempt: number, delayMs: number) => Promise<T>;

/** kafkajs' own retrier, as its cluster and its pool of brokers call it. */
export type Retrier = <T>(attempt: Attempt<T>) => Promise<T>;

/** Each costs the time-out of a request: two answers may be lost, and the third is that of a broker that is well. */
const MAX_TIMEOUTS = 2;

/**
 * In the place of kafkajs' retrier: as bounded, but over at once when the signal aborts, which leaves no timer, and when the
 * error will be the same next time: a certificate, a password.
 * @param retries how often what failed is tried again
 */
export const boundedRetrier =
  (retries: number, signal: AbortSignal): Retrier =>
  async (attempt) => {
    let timeouts = 0;
    for (let count = 0; ; count++) {
      const bailed: { error?: unknown } = {};
      try {
        const result = await attempt((error) => (bailed.error = error), count, backoffMs(count));
        if (bailed.error === undefined) return result;
      } catch (error) {
        if (isTimeout(error)) timeouts += 1;
        if (count >= retries || timeouts > MAX_TIMEOUTS || signal.aborted || isFinal(error)) throw error;
      }
      if (bailed.error !== undefined) throw bailed.error as Error;
      await sleep(backoffMs(count), signal);
    }
  };

const isTimeout = (error: unknown): boolean => (error as Error).name === 'KafkaJSRequestTimeoutError';

const isFinal = (error: unknown): boolean =>
  (error as { retriable?: boolean }).retriable === false ||
  error instanceof TypeError ||
  error instanceof RangeError ||
  isHopeless(error);
