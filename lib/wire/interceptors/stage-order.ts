import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { WireInterceptor } from '../wire-interceptor.js';

/** What stands before the `:` of a stage's name; a stage of the user may say so too. */
const KEYED = ['encryption', 'verification'];

/**
 * Refuses orders that are always wrong: compression behind encryption or verification, or twice.
 *
 * Behind encryption it has nothing to find; behind either, a receiver would inflate what nobody has vouched for. Twice, the
 * second only adds a way to hide a bomb in a bomb. Encryption behind verification is let pass: `encryption()` is
 * authenticated of itself, and a signature inside of it hides who signed.
 *
 * Stages are known by their names; one whose name says nothing may stand anywhere.
 *
 * @throws RpcError `INVALID_ARGUMENT` naming both stages.
 */
export const checkStageOrder = (interceptors: readonly WireInterceptor[]): void => {
  let before: string | undefined;
  for (const { name } of interceptors) {
    const kind = kindOf(name);
    if (kind === 'compression' && before !== undefined) {
      throw new RpcError(
        RpcStatus.INVALID_ARGUMENT,
        `Option "interceptors" has ${name} after ${before}: compression stands first, and once.`,
      );
    }
    if (kind === 'compression' || KEYED.includes(kind)) before ??= name;
  }
};

const kindOf = (name: string): string => name.split(':', 1)[0] ?? name;
