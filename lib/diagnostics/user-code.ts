import type { Counters } from './counters.js';
import { describeError } from './describe-error.js';
import type { Log } from './log.js';

/**
 * The kinds of code that are not ours and run in the middle of our work. The list is closed: a test has for each kind the files
 * that may call it, and another throws from each.
 *
 * What a handler, a stage or a serializer throws is the outcome of the smallest thing that it is for: its call, its record, its
 * value. What all others throw has no outcome: `UserCode` reports it.
 */
export const CALL_OUTS = [
  /** A `@MessagePattern` or `@EventPattern` handler, the Observable or iterable it gave, a `then` of what it gave. */
  'handler',
  /** What a handler's Observable or iterable does when nobody listens any more. */
  'handler teardown',
  /** A caller's observer, with the `finalize()` and `unsubscribe()` behind it. */
  'observer',
  /** A listener of `on()`, or of `status`. */
  'listener',
  /** A wire stage: `open`, `encode`, `decode`, `keepsApart`. */
  'wire stage',
  /** A serializer, and the `toJSON` or extension of a value. */
  'serializer',
  /** A processing or dispatch hook of Nest, or a method that a subclass overrides. */
  'hook',
  /** `mapException`. */
  'exception mapping',
] as const;

export type CallOut = (typeof CALL_OUTS)[number];

/**
 * The one guard around user code: what it throws is reported, and goes no further.
 *
 * Change our own state first, then call out: nothing that follows may depend on the call coming back well.
 * Cost: one closure and one `try` per call.
 */
export class UserCode {
  /** @param report told of what was thrown; must not throw itself, as a `guardedLog` does not */
  constructor(readonly report: (callOut: CallOut, error: unknown) => void) {}

  /**
   * @param code may give a promise: what that rejects with is reported as well
   * @returns whether the code came back without throwing.
   */
  run(callOut: CallOut, code: () => unknown): boolean {
    try {
      const result = code();
      if (result instanceof Promise) result.catch((error: unknown) => this.report(callOut, error));
      return true;
    } catch (error) {
      this.report(callOut, error);
      return false;
    }
  }
}

/** A guard whose reports are counted as `userCodeErrors` and written to the log. */
export const reportedUserCode = (counters: Counters, log: Log): UserCode =>
  new UserCode((callOut, error) => {
    counters.add('userCodeErrors');
    log.error(`The app's ${callOut} threw: ${describeError(error)}`);
  });
