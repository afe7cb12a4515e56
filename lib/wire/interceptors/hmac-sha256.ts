import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { deriveBytes, purposeLabel } from '../keyring/derive.js';
import type { KeyMaterial } from '../keyring/key-source.js';
import type { KeyedSignature, SignedBytes } from './keyed-verification.js';

type Direction = 'request' | 'reply';

const KEY_BYTES = 32;
const NO_SALT = Buffer.alloc(0);

/** HMAC-SHA256 (RFC 2104) with a key derived for this purpose and direction. */
export class HmacSha256 implements KeyedSignature {
  readonly name = 'hmac-sha256';
  readonly bytes = 32;
  /** Derived keys live as long as their key: a removed key takes them along. */
  private readonly derived = new WeakMap<KeyObject, Readonly<Record<Direction, KeyObject>>>();

  sign(key: KeyMaterial, { associatedData, body }: SignedBytes, direction: Direction): Buffer {
    return createHmac('sha256', this.keyFor(key, direction)).update(associatedData).update(body).digest();
  }

  verify(key: KeyMaterial, signed: SignedBytes, signature: Buffer, direction: Direction): boolean {
    const expected = this.sign(key, signed, direction);
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  }

  private keyFor(key: KeyMaterial, direction: Direction): KeyObject {
    if (key.kind !== 'secret')
      throw new RpcError(RpcStatus.INTERNAL, 'hmac-sha256 was given an Ed25519 key.');
    let keys = this.derived.get(key.secret);
    if (keys === undefined) {
      keys = { request: derive(key.secret, 'request'), reply: derive(key.secret, 'reply') };
      this.derived.set(key.secret, keys);
    }
    return keys[direction];
  }
}

const derive = (secret: KeyObject, direction: Direction): KeyObject =>
  createSecretKey(deriveBytes(secret, NO_SALT, purposeLabel('hmac-sha256', direction), KEY_BYTES));
