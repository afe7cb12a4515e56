import { notAuthentic } from './authentication.js';

/** The size in bytes of the head of a keyed stage: `uint8 version, uint8 length, key id (ASCII)`. */
export const keyPrefixBytes = (keyId: string): number => 2 + keyId.length;

/** @returns the offset behind the head. */
export const writeKeyPrefix = (bytes: Buffer, version: number, keyId: string): number => {
  bytes[0] = version;
  bytes[1] = keyId.length;
  return 2 + bytes.write(keyId, 2, 'latin1');
};

/**
 * The key id of a record. At least `minRest` bytes must follow it.
 * @throws RpcError `UNAUTHENTICATED`
 */
export const readKeyPrefix = (bytes: Buffer, version: number, minRest: number): string => {
  const end = 2 + (bytes[1] ?? 0);
  if (bytes[0] !== version || end === 2 || bytes.length < end + minRest) {
    throw notAuthentic('structure');
  }
  return bytes.toString('latin1', 2, end);
};
