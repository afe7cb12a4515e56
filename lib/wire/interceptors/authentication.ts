import type { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { isKeyId } from '../keyring/keyring.js';
import { refusalError, type Refusal } from '../refusal.js';

/** Why a record was refused. For this side's counters and logs alone: it stands in the error's `cause`. */
export interface AuthenticationFailure extends Refusal {
  /**
   * - `structure`: too short, or of another version;
   * - `unknown-key`: no key of that id;
   * - `other-key`: a key of that id, but not the sender's;
   * - `mismatch`: changed, moved to another topic, or turned round.
   */
  readonly reason: 'structure' | 'unknown-key' | 'other-key' | 'mismatch';
  /** As the record says; left out if it has not the shape of a key id. */
  readonly keyId?: string;
}

/** One text for all of them: who forges records learns nothing from the difference. */
const TEXT = 'The record is not authentic: it was changed, or its sender has other keys.';

export const notAuthentic = (reason: AuthenticationFailure['reason'], keyId?: string): RpcError => {
  const failure: AuthenticationFailure =
    keyId !== undefined && isKeyId(keyId) ? { reason, keyId } : { reason };
  return refusalError(RpcStatus.UNAUTHENTICATED, TEXT, failure);
};
