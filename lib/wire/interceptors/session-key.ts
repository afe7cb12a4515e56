import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { deriveBytes, purposeLabel } from '../keyring/derive.js';
import { NONCE_BYTES } from './aes-gcm.js';

export const SALT_BYTES = 32;
export const COMMITMENT_BYTES = 16;
const KEY_BYTES = 32;

/**
 * The number of records before a new salt. It is TLS 1.3's limit for AES-GCM (RFC 8446, 5.5), rounded down, and far below the
 * end of the counter at 2^32. A new salt costs one derivation on each side.
 */
export const RECORDS_PER_SALT = 2 ** 24;

/** The key of one process for one direction and one salt. */
export interface SessionKey {
  readonly master: KeyObject;
  readonly salt: Buffer;
  readonly key: KeyObject;
  /** A nonce is this base with the counter XORed into its last four bytes (as in RFC 8446, 5.3). */
  readonly nonceBase: Buffer;
  /** Identifies the master key without revealing it, so that no ciphertext fits two keys. */
  readonly commitment: Buffer;
}

/** HKDF-SHA256(master, salt, purpose and direction): 32 bytes of key, 12 of nonce base, 16 of commitment. */
export const deriveSessionKey = (
  master: KeyObject,
  salt: Buffer,
  direction: 'request' | 'reply',
): SessionKey => {
  const length = KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES;
  const bytes = deriveBytes(master, salt, purposeLabel('encryption', direction), length);
  const key = createSecretKey(bytes.subarray(0, KEY_BYTES));
  bytes.fill(0, 0, KEY_BYTES);
  return {
    master,
    // A copy: the salt that was read is a part of a whole record.
    salt: Buffer.from(salt),
    key,
    nonceBase: bytes.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES),
    commitment: bytes.subarray(KEY_BYTES + NONCE_BYTES),
  };
};

export const nonceOf = (session: SessionKey, counter: number): Buffer => {
  const nonce = Buffer.from(session.nonceBase);
  nonce.writeUInt32BE((nonce.readUInt32BE(NONCE_BYTES - 4) ^ counter) >>> 0, NONCE_BYTES - 4);
  return nonce;
};

/**
 * Gives keys and nonces for encryption. No pair occurs twice over all processes and restarts, because each sequence draws a salt
 * of 256 random bits and counts its records.
 *
 * It draws the salt with the first record. So processes that start from one snapshot have different salts.
 */
export class NonceSequence {
  private session: SessionKey | undefined;
  private counter = 0;

  constructor(
    private readonly direction: 'request' | 'reply',
    private readonly recordsPerSalt = RECORDS_PER_SALT,
  ) {}

  next(master: KeyObject): { session: SessionKey; counter: number } {
    const current = this.session;
    if (current?.master === master && this.counter < this.recordsPerSalt) {
      return { session: current, counter: this.counter++ };
    }
    this.session = deriveSessionKey(master, randomBytes(SALT_BYTES), this.direction);
    this.counter = 1;
    return { session: this.session, counter: 0 };
  }
}
