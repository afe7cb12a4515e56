import type { UserCode } from './user-code.js';

/** An Observable of RxJS, as far as it is used here: this folder does not know RxJS. */
interface Source {
  subscribe(observerOrNext?: unknown, error?: unknown, complete?: unknown): unknown;
  lift(operator: unknown): Source;
}

type Callback = ((...given: unknown[]) => unknown) | null | undefined;

interface PartialObserver {
  readonly next?: Callback;
  readonly error?: Callback;
  readonly complete?: Callback;
}

/**
 * The same Observable, and whatever is piped out of it, with subscribers whose failures are reported. RxJS drops what an observer
 * gives back, a promise as well, and throws what it throws as an uncaught exception: both would end the process.
 *
 * Cost: two closures, and three per subscriber.
 */
export const guardSubscribers = <S extends object>(observable: S, userCode: UserCode): S => {
  const source = observable as unknown as Source;
  const subscribe = source.subscribe.bind(source);
  const lift = source.lift.bind(source);
  source.subscribe = (observerOrNext, error, complete) => {
    if (isOperator(observerOrNext)) return subscribe(observerOrNext);
    const isObserver = typeof observerOrNext === 'object' && observerOrNext !== null;
    const observer = isObserver ? observerOrNext : { next: observerOrNext, error, complete };
    return subscribe(guardedObserver(observer as PartialObserver, userCode));
  };
  source.lift = (operator) => guardSubscribers(lift(operator), userCode);
  return observable;
};

const guardedObserver = (observer: PartialObserver, userCode: UserCode): PartialObserver => {
  const guarded = (name: keyof PartialObserver): Callback =>
    typeof observer[name] === 'function'
      ? (...given) => userCode.run('listener', () => observer[name]?.(...given))
      : undefined;
  // Without it, RxJS throws what an operator before it threw.
  const reported: Callback = (error) => userCode.report('listener', error);
  return { next: guarded('next'), error: guarded('error') ?? reported, complete: guarded('complete') };
};

/** Of RxJS itself: it hands on to subscribers that are guarded where they subscribe. */
const isOperator = (observer: unknown): boolean =>
  typeof observer === 'object' && observer !== null && 'add' in observer && 'unsubscribe' in observer;
