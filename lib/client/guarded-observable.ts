import { Observable } from 'rxjs';
import type { CallOut, UserCode } from '../diagnostics/user-code.js';

/** The same Observable, for subscribers that share its source: one that throws stops neither the source nor the others. */
export const guardedObservable = <T>(
  source: Observable<T>,
  userCode: UserCode,
  callOut: CallOut,
): Observable<T> =>
  new Observable<T>((subscriber) =>
    source.subscribe({
      next: (value) => userCode.run(callOut, () => subscriber.next(value)),
      error: (error: unknown) => userCode.run(callOut, () => subscriber.error(error)),
      complete: () => userCode.run(callOut, () => subscriber.complete()),
    }),
  );
