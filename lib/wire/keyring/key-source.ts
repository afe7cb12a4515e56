import { createSecretKey, type KeyObject } from 'node:crypto';
import { checkNames } from '../../errors/option-checks.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { deriveFromPassphrase } from './derive.js';

/**
 * The source of a key: 32 bytes, a passphrase, or an Ed25519 pair.
 *
 * Prefer 32 random bytes (`openssl rand 32`). Anyone with one record can try passphrases against it, so a passphrase is only
 * as strong as it is hard to guess.
 */
export type KeySource = Uint8Array | PassphraseSource | SigningKeySource;

export interface PassphraseSource {
  /** At least 8 characters. Its UTF-8 bytes are used unchanged. */
  readonly passphrase: string;
  /** At least 16 random bytes, the same on all sides. The salt may be public. */
  readonly salt: Uint8Array;
}

/** Ed25519, for `verification({ algorithm: 'ed25519' })` only. */
export interface SigningKeySource {
  readonly publicKey: KeyObject;
  /** Only a sender needs it. @default none */
  readonly privateKey?: KeyObject;
}

/** A key ready for use. Only KeyObjects hold its bytes, and logs do not print these. */
export type KeyMaterial = SecretMaterial | SigningMaterial;

export interface SecretMaterial {
  readonly kind: 'secret';
  readonly secret: KeyObject;
}

export interface SigningMaterial {
  readonly kind: 'signing';
  readonly publicKey: KeyObject;
  readonly privateKey?: KeyObject;
}

/** The key of a source, ready or after a slow derivation. */
export type PendingMaterial = KeyMaterial | (() => Promise<KeyMaterial>);

export const KEY_BYTES = 32;
const MIN_SALT_BYTES = 16;
const MIN_PASSPHRASE_LENGTH = 8;

/**
 * Checks and copies a source.
 * @throws RpcError `INVALID_ARGUMENT` with the name of the option, and never its content.
 */
export const materialOf = (name: string, source: KeySource): PendingMaterial => {
  if (source instanceof Uint8Array) return rawKey(name, source);
  if (typeof source !== 'object' || source === null) throw unusable(name);
  if ('passphrase' in source) return passphraseKey(name, source);
  if ('publicKey' in source) return signingKey(name, source);
  throw unusable(name);
};

const rawKey = (name: string, bytes: Uint8Array): SecretMaterial => {
  if (bytes.length !== KEY_BYTES) {
    throw refused(name, `has ${bytes.length} bytes, it must have exactly ${KEY_BYTES}`);
  }
  if (bytes.every((byte) => byte === 0)) throw refused(name, 'has only zeros, it must be random');
  return { kind: 'secret', secret: createSecretKey(bytes) };
};

const passphraseKey = (name: string, source: PassphraseSource): (() => Promise<SecretMaterial>) => {
  checkNames(`Option "${name}"`, source, ['passphrase', 'salt']);
  const { passphrase, salt } = source;
  if (typeof passphrase !== 'string' || passphrase.length < MIN_PASSPHRASE_LENGTH) {
    throw refused(`${name}.passphrase`, `must be a string of at least ${MIN_PASSPHRASE_LENGTH} characters`);
  }
  if (!(salt instanceof Uint8Array) || salt.length < MIN_SALT_BYTES) {
    throw refused(`${name}.salt`, `must be a Buffer of at least ${MIN_SALT_BYTES} bytes`);
  }
  const ownSalt = Buffer.from(salt);
  return async () => ({ kind: 'secret', secret: await deriveFromPassphrase(passphrase, ownSalt, KEY_BYTES) });
};

const signingKey = (name: string, source: SigningKeySource): SigningMaterial => {
  checkNames(`Option "${name}"`, source, ['publicKey', 'privateKey']);
  const { publicKey, privateKey } = source;
  if (!isEd25519(publicKey, 'public'))
    throw refused(`${name}.publicKey`, 'must be an Ed25519 public KeyObject');
  if (privateKey !== undefined && !isEd25519(privateKey, 'private')) {
    throw refused(`${name}.privateKey`, 'must be an Ed25519 private KeyObject');
  }
  return { kind: 'signing', publicKey, privateKey };
};

const isEd25519 = (key: unknown, type: string): boolean =>
  typeof key === 'object' &&
  key !== null &&
  (key as KeyObject).type === type &&
  (key as KeyObject).asymmetricKeyType === 'ed25519';

const unusable = (name: string): RpcError =>
  refused(name, 'must be a Buffer of 32 bytes, { passphrase, salt } or { publicKey, privateKey }');

/** Names the fault without the value, because the value may be the secret itself in the wrong place. */
const refused = (name: string, what: string): RpcError =>
  new RpcError(RpcStatus.INVALID_ARGUMENT, `Option "${name}" ${what}.`);
