import { notAuthentic } from './authentication.js';

/** What a keyed stage puts in front: `uint8 version, uint8 length, key id (ASCII)`. */
export const keyPrefixBytes = (keyId: string): number => 2 + keyId.length;

/** @returns the offset behind it. */
export const writeKeyPrefix = (bytes: Buffer, version: number, keyId: string): number => {
  bytes[0] = version;
  bytes[1] = keyId.length;
  return 2 + bytes.write(keyId, 2, 'latin1');
};

/**
 * The key id of a record. What follows must be at least `minRest` bytes.
 * @throws RpcError `UNAUTHENTICATED`
 */
export const readKeyPrefix = (bytes: Buffer, version: number, minRest: number): string => {
  const end = 2 + (bytes[1] ?? 0);
  if (bytes[0] !== version || end === 2 || bytes.length < end + minRest) {
    throw notAuthentic('structure');
  }
  return bytes.toString('latin1', 2, end);
};
