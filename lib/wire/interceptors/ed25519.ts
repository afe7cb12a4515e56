import { sign, verify } from 'node:crypto';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { KeyMaterial, SigningMaterial } from '../keyring/key-source.js';
import type { KeyedSignature, SignedBytes } from './keyed-verification.js';

/** Ed25519 (RFC 8032): who can verify cannot sign. */
export const ED25519: KeyedSignature = {
  name: 'ed25519',
  bytes: 64,

  sign(key: KeyMaterial, { associatedData, body }: SignedBytes): Buffer {
    const { privateKey } = pairOf(key);
    if (privateKey === undefined) {
      throw new RpcError(RpcStatus.FAILED_PRECONDITION, 'The current key has no privateKey to sign with.');
    }
    return sign(null, Buffer.concat([associatedData, body]), privateKey);
  },

  verify(key: KeyMaterial, { associatedData, body }: SignedBytes, signature: Buffer): boolean {
    return verify(null, Buffer.concat([associatedData, body]), pairOf(key).publicKey, signature);
  },
};

const pairOf = (key: KeyMaterial): SigningMaterial => {
  if (key.kind === 'signing') return key;
  throw new RpcError(RpcStatus.INTERNAL, 'ed25519 was given a secret key.');
};
