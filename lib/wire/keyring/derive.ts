import { createSecretKey, hkdfSync, scrypt, type KeyObject } from 'node:crypto';

/** The cost parameters of scrypt. It takes `128 * N * r` bytes of memory. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * Costs 128 MiB and about 0.4 s of one core, off the event loop.
 * @see OWASP Password Storage Cheat Sheet, scrypt
 */
export const SCRYPT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 };

/** Node refuses above 32 MiB unless told; 2^17 needs a little more than 128 MiB. */
const MAX_MEMORY = 256 * 1024 * 1024;

/** Derives a key from a passphrase by scrypt (RFC 7914), off the event loop. */
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

/** Derives bytes for one purpose from a master key, by HKDF-SHA256 (RFC 5869). Costs about 10 µs. */
export const deriveBytes = (
  master: KeyObject,
  salt: Uint8Array,
  info: string | Uint8Array,
  bytes: number,
): Buffer => Buffer.from(hkdfSync('sha256', master, salt, info, bytes));

/** The `info` of a derivation. Each purpose and each direction has its own key. */
export const purposeLabel = (purpose: string, direction: 'request' | 'reply'): string =>
  `nestjs-kafka-rpc/v1/${purpose}/${direction}`;
