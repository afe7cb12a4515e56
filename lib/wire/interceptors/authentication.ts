import type { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { isKeyId } from '../keyring/keyring.js';
import { refusalError, type Refusal } from '../refusal.js';

/** The reason of a failed check, in the error's `cause`. Only this side's counters and logs may show it. */
export interface AuthenticationFailure extends Refusal {
  /**
   * - `structure`: too short, or of another version;
   * - `unknown-key`: no key of that id;
   * - `other-key`: a key of that id that differs from the sender's;
   * - `mismatch`: changed, moved to another topic or partition, or sent in the other direction.
   */
  readonly reason: 'structure' | 'unknown-key' | 'other-key' | 'mismatch';
  /** The key id in the record; absent if it does not have the form of a key id. */
  readonly keyId?: string;
}

/** One text for all of them: who forges records learns nothing from the difference. */
const TEXT = 'The record is not authentic: it was changed, or its sender has other keys.';

export const notAuthentic = (reason: AuthenticationFailure['reason'], keyId?: string): RpcError => {
  const failure: AuthenticationFailure =
    keyId !== undefined && isKeyId(keyId) ? { reason, keyId } : { reason };
  return refusalError(RpcStatus.UNAUTHENTICATED, TEXT, failure);
};
