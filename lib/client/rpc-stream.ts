import { from, Observable, type ObservableInput } from 'rxjs';
import type { Subscriber } from 'rxjs';
import type { IteratedCall } from './iterated-call.js';
import type { UserCode } from '../diagnostics/user-code.js';
import type { OpenCall } from './pending-call.js';

/** How a stream begins: anew for each subscriber and each loop. */
export interface StreamStart {
  readonly userCode: UserCode;
  subscribe(subscriber: Subscriber<unknown>): OpenCall;
  iterate<T>(): IteratedCall<T>;
}

/**
 * The values that a handler answers with. A subscriber gets each as it comes, at the server's pace; an RxJS operator such as `concatMap`
 * keeps what it is not ready for. A `for await` loop gets the next value when it asks for it, and its pace is the server's:
 *
 *     for await (const row of client.stream<Row>('rows.read', { upTo: 1_000_000 })) await store(row);
 *
 * Each loop and each subscriber makes a call of its own. Leaving the loop cancels it, at the server too.
 */
export class RpcStream<T> extends Observable<T> implements AsyncIterable<T> {
  constructor(private readonly begin: StreamStart) {
    super((subscriber) => begin.subscribe(subscriber as Subscriber<unknown>));
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return this.begin.iterate<T>().iterator();
  }

  /**
   * As RxJS' `concatMap`, with a brake: the next value is asked for when what `project` made of the last one has completed. Values that wait
   * do so at the server.
   */
  concatMap<R>(project: (value: T, index: number) => ObservableInput<R>): Observable<R> {
    return new Observable<R>((subscriber) => {
      const call = this.begin.iterate<T>().iterator();
      subscriber.add(() => void call.return?.());
      const { userCode } = this.begin;
      passOn(call, project, subscriber, userCode).catch((error: unknown) =>
        userCode.run('observer', () => subscriber.error(error)),
      );
    });
  }
}

const passOn = async <T, R>(
  call: AsyncIterator<T, undefined>,
  project: (value: T, index: number) => ObservableInput<R>,
  subscriber: Subscriber<R>,
  userCode: UserCode,
): Promise<void> => {
  let index = 0;
  for (let next = await call.next(); !subscriber.closed; next = await call.next()) {
    if (next.done === true) return void userCode.run('observer', () => subscriber.complete());
    await passAll(from(project(next.value, index++)), subscriber, userCode);
  }
};

/** @returns a promise that is settled when all are passed on, or nobody wants more */
const passAll = <R>(projected: Observable<R>, subscriber: Subscriber<R>, userCode: UserCode): Promise<void> =>
  new Promise((resolve, reject) => {
    subscriber.add(resolve);
    const passing = projected.subscribe({
      next: (value) => userCode.run('observer', () => subscriber.next(value)),
      error: reject,
      complete: resolve,
    });
    subscriber.add(passing);
  });
