import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { WireInterceptor } from '../wire-interceptor.js';

/** What stands before the `:` of a stage's name; a stage of the user may say so too. */
const KEYED = ['encryption', 'verification'];

/**
 * Refuses orders that are always wrong: compression behind encryption or verification, and compression twice.
 *
 * Compression cannot shrink encrypted bytes. Behind either stage, a receiver would inflate bytes of an unknown sender. A second
 * compression only helps to hide a bomb in a bomb. Encryption behind verification is allowed: `encryption()` authenticates
 * by itself, and hides the signer of an inner signature.
 *
 * The check knows stages by their names. A stage with an unknown name may be anywhere.
 *
 * @throws RpcError `INVALID_ARGUMENT` with the names of both stages.
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
