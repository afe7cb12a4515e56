import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

export const TAG_BYTES = 16;
export const NONCE_BYTES = 12;

/** Without it, Node up to 22 takes tags of 4 bytes for good. */
const FULL_TAG = { authTagLength: TAG_BYTES };

interface Sealing {
  readonly key: KeyObject;
  readonly nonce: Buffer;
  readonly associatedData: Buffer;
}

/** AES-256-GCM (NIST SP 800-38D): returns ciphertext and tag. Never use a key with the same nonce twice. */
export const seal = (
  { key, nonce, associatedData }: Sealing,
  plaintext: Buffer,
): { ciphertext: Buffer; tag: Buffer } => {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, FULL_TAG);
  cipher.setAAD(associatedData);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return { ciphertext, tag: cipher.getAuthTag() };
};

/** Returns the plaintext, or `undefined` if any input was changed. `tag` must have 16 bytes. */
export const unseal = (
  { key, nonce, associatedData }: Sealing,
  ciphertext: Buffer,
  tag: Buffer,
): Buffer | undefined => {
  if (tag.length !== TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, FULL_TAG);
  decipher.setAAD(associatedData);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
};
