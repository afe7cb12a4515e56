import type { Counters } from './counters.js';
import { describeError } from './describe-error.js';
import type { Log } from './log.js';
import { hearRejection } from './thenable.js';

/**
 * The kinds of user code that this package calls. The list is closed: a test has the files that may call each kind, and another test
 * throws from each.
 *
 * An exception of a handler, a schema, a stage or a serializer becomes the outcome of its call, record or value. An exception of any other
 * kind has no outcome, and `UserCode` reports it.
 */
export const CALL_OUTS = [
  /** A `@MessagePattern` or `@EventPattern` handler, its Observable or iterable, a `then` of its result. */
  'handler',
  /** The teardown of a handler's Observable or iterable, after the last listener left. */
  'handler teardown',
  /** A caller's observer, with its `finalize()` and `unsubscribe()`. */
  'observer',
  /** A listener of `on()`, or of `status`. */
  'listener',
  /** A schema of a handler or a contract. */
  'schema',
  /** A wire stage: `open`, `encode`, `decode`, `keepsApart`. */
  'wire stage',
  /** A serializer, and the `toJSON` or extension of a value. */
  'serializer',
  /** A processing or dispatch hook of Nest, or a method that a subclass overrides. */
  'hook',
  /** `mapException`. */
  'exception mapping',
  /** `retry.on`. */
  'retry rule',
  /** `onDeadLetter`. */
  'dead letter hook',
] as const;

export type CallOut = (typeof CALL_OUTS)[number];

/**
 * The one guard around user code. It reports an exception and stops it.
 *
 * Change our own state first, then call user code. No later step may depend on its success.
 * Cost: one closure and one `try` per call.
 */
export class UserCode {
  /** @param report gets the exception. It must not throw, like a `guardedLog`. */
  constructor(readonly report: (callOut: CallOut, error: unknown) => void) {}

  /**
   * @param code may return a promise, of any realm or library. Its rejection is reported too.
   * @returns whether the code returned without an exception.
   */
  run(callOut: CallOut, code: () => unknown): boolean {
    try {
      const result = code();
      if (result !== undefined) this.hear(callOut, result);
      return true;
    } catch (error) {
      this.report(callOut, error);
      return false;
    }
  }

  /** Reports the rejection of a result that nobody waits for. Never throws. */
  hear(callOut: CallOut, result: unknown): void {
    hearRejection(result, (error) => this.report(callOut, error));
  }
}

/** A guard that counts exceptions as `userCodeErrors` and writes them to the log. */
export const reportedUserCode = (counters: Counters, log: Log): UserCode =>
  new UserCode((callOut, error) => {
    counters.add('userCodeErrors');
    log.error(`The app's ${callOut} threw: ${describeError(error)}`);
  });
