import { RpcError } from 'nestjs-kafka-rpc';
import { concat, EMPTY, merge, mergeMap, NEVER, of, tap, throwError, timer, type Observable } from 'rxjs';

const circular: Record<string, unknown> = {};
circular.self = circular;

const untouchable = new Proxy(
  {},
  {
    get: () => {
      throw new Error('hands off');
    },
  },
);

/**
 * What stays in hand: promises of a filter or guard that never settle, of 3 calls and 4 events. Interceptors are inside of
 * Observables, which are unsubscribed.
 */
export const STUCK_HANDLERS = 7;

/** What a call of it comes to: its status, or `answered`; for each of the handlers below. */
export interface Case<Act> {
  readonly act: Act;
  readonly ends: Readonly<Record<string, string>>;
}

type Interception = (behind: () => Observable<unknown>) => unknown;

const intercepted = (
  act: Interception,
  quick: string,
  stream = quick,
  failing = quick,
): Case<Interception> => ({
  act,
  ends: { intercepted: quick, 'intercepted stream': stream, 'intercepted failure': failing },
});

const filtered = (act: () => unknown, quick: string, stream = quick): Case<() => unknown> => ({
  act,
  ends: { filtered: quick, 'filtered stream': stream },
});

const guarded = (act: () => unknown, end: string): Case<() => unknown> => ({ act, ends: { guarded: end } });

/** What interceptors do with what is behind them. `call()` refuses a stream, in the end. */
export const INTERCEPTIONS: Readonly<Record<string, Case<Interception>>> = {
  'subscribes twice to one Observable': intercepted(
    (behind) => {
      const values = behind();
      values.subscribe({ error: () => undefined });
      return values;
    },
    'answered',
    'FAILED_PRECONDITION',
    'DATA_LOSS',
  ),
  'has it handled twice, and merges': intercepted(
    (behind) => merge(behind(), behind()),
    'FAILED_PRECONDITION',
    'FAILED_PRECONDITION',
    'DATA_LOSS',
  ),
  'has it handled twice, one after the other': intercepted(
    (behind) => concat(behind(), behind()),
    'FAILED_PRECONDITION',
    'FAILED_PRECONDITION',
    'DATA_LOSS',
  ),
  'subscribes twice, and unsubscribes once': intercepted(
    (behind) => {
      const values = behind();
      values.subscribe({ error: () => undefined }).unsubscribe();
      return values;
    },
    'answered',
    'FAILED_PRECONDITION',
    'DATA_LOSS',
  ),
  'throws at a value': intercepted(
    (behind) =>
      behind().pipe(
        tap(() => {
          throw new Error('a bug');
        }),
      ),
    'INTERNAL',
    'INTERNAL',
    'DATA_LOSS',
  ),
  'throws at once': intercepted(() => {
    throw untouchable;
  }, 'INTERNAL'),
  'rejects with something circular': intercepted(
    async () => Promise.reject(circular as unknown as Error),
    'INTERNAL',
  ),
  'gives no Observable': intercepted(() => undefined, 'INTERNAL'),
  'gives a text, which RxJS reads as a stream of letters': intercepted(() => 'text', 'FAILED_PRECONDITION'),
  'never handles it': intercepted(() => NEVER, 'DEADLINE_EXCEEDED'),
  'never settles': intercepted(() => new Promise(() => undefined), 'DEADLINE_EXCEEDED'),
  'handles it, and never completes': intercepted(
    (behind) => concat(behind(), NEVER),
    'DEADLINE_EXCEEDED',
    'FAILED_PRECONDITION',
    'DATA_LOSS',
  ),
  'completes without a value': intercepted(() => EMPTY, 'answered'),
  'gives an Observable of Observables': intercepted((behind) => of(behind()), 'INTERNAL'),
  'gives what throws as it is subscribed to': intercepted(
    () => ({
      pipe: () => {
        throw new Error('no pipe');
      },
      subscribe: () => {
        throw new Error('no subscribe');
      },
    }),
    'INTERNAL',
  ),
  'throws out of its teardown': intercepted(
    (behind) =>
      behind().pipe(
        tap({
          finalize: () => {
            throw new Error('a bug of the teardown');
          },
        }),
      ),
    // Nest's `mergeAll()` loses the end of what is inside it then.
    'DEADLINE_EXCEEDED',
    'FAILED_PRECONDITION',
    'INTERNAL',
  ),
};

/** What filters do with what a handler threw. A plain object is how filters of Nest hand on an error: it is sent as `UNKNOWN`. */
export const FILTERS: Readonly<Record<string, Case<() => unknown>>> = {
  'throws an Error': filtered(() => {
    throw new TypeError('a bug');
  }, 'INTERNAL'),
  'throws what cannot be looked at': filtered(() => {
    throw untouchable;
  }, 'UNKNOWN'),
  'throws something circular': filtered(() => {
    throw circular;
  }, 'UNKNOWN'),
  'throws undefined': filtered(() => {
    throw undefined;
  }, 'UNKNOWN'),
  'throws an RpcError': filtered(() => {
    throw new RpcError('ABORTED', 'thrown');
  }, 'ABORTED'),
  'gives an Observable that errors': filtered(() => throwError(() => new TypeError('a bug')), 'INTERNAL'),
  'gives an Observable that errors with what cannot be looked at': filtered(
    () => throwError(() => untouchable),
    'UNKNOWN',
  ),
  'gives an Observable that errors later': filtered(
    () => timer(1).pipe(mergeMap(() => throwError(() => new RpcError('ABORTED', 'given')))),
    'ABORTED',
  ),
  'gives an Observable that never emits': filtered(() => NEVER, 'DEADLINE_EXCEEDED'),
  'gives an Observable without a value': filtered(() => EMPTY, 'answered'),
  'gives a promise that rejects': filtered(async () => Promise.reject(new Error('a bug')), 'INTERNAL'),
  'gives a promise that never settles': filtered(() => new Promise(() => undefined), 'DEADLINE_EXCEEDED'),
  'gives nothing': filtered(() => undefined, 'INTERNAL'),
  'gives null': filtered(() => null, 'INTERNAL'),
  'gives a text': filtered(() => 'sorry', 'answered', 'FAILED_PRECONDITION'),
  'gives an RpcError, and does not throw it': filtered(
    () => new RpcError('ABORTED', 'given'),
    'answered',
    'INTERNAL',
  ),
};

export const GUARDS: Readonly<Record<string, Case<() => unknown>>> = {
  'never settles': guarded(() => new Promise(() => undefined), 'DEADLINE_EXCEEDED'),
  'never emits': guarded(() => NEVER, 'DEADLINE_EXCEEDED'),
  'completes without a value': guarded(() => EMPTY, 'INTERNAL'),
  'throws an Error': guarded(() => {
    throw new TypeError('a bug');
  }, 'INTERNAL'),
  'throws what cannot be looked at': guarded(() => {
    throw untouchable;
  }, 'INTERNAL'),
  'rejects with something circular': guarded(
    async () => Promise.reject(circular as unknown as Error),
    'INTERNAL',
  ),
  'throws an RpcError': guarded(() => {
    throw new RpcError('UNAUTHENTICATED', 'Who are you?');
  }, 'UNAUTHENTICATED'),
  'gives a text, which is true': guarded(() => 'yes', 'answered'),
  'says no later': guarded(async () => false, 'PERMISSION_DENIED'),
  'gives an Observable that errors with nothing': guarded(() => throwError(() => undefined), 'INTERNAL'),
};
