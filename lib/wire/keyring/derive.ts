import { createSecretKey, hkdfSync, scrypt, type KeyObject } from 'node:crypto';

/** What scrypt costs: memory is `128 * N * r` bytes. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * 128 MiB and some 0.4 s of one core, off the event loop.
 * @see OWASP Password Storage Cheat Sheet, scrypt
 */
export const SCRYPT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 };

/** Node refuses above 32 MiB unless told; 2^17 needs a little more than 128 MiB. */
const MAX_MEMORY = 256 * 1024 * 1024;

/** A key from a passphrase by scrypt (RFC 7914). */
export const deriveFromPassphrase = (
  passphrase: string,
  salt: Uint8Array,
  bytes: number,
  cost: ScryptCost = SCRYPT_COST,
): Promise<KeyObject> =>
  new Promise((resolve, reject) => {
    scrypt(Buffer.from(passphrase), salt, bytes, { ...cost, maxmem: MAX_MEMORY }, (error, key) => {
      if (error) return reject(error);
      resolve(createSecretKey(key));
      key.fill(0);
    });
  });

/** Bytes for one purpose from a master key, by HKDF-SHA256 (RFC 5869). Costs some 10 µs. */
export const deriveBytes = (
  master: KeyObject,
  salt: Uint8Array,
  info: string | Uint8Array,
  bytes: number,
): Buffer => Buffer.from(hkdfSync('sha256', master, salt, info, bytes));

/** The `info` of every derivation here: no two purposes, and no two directions, ever share a key. */
export const purposeLabel = (purpose: string, direction: 'request' | 'reply'): string =>
  `nestjs-kafka-rpc/v1/${purpose}/${direction}`;
