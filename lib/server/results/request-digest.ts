import { createHash } from 'node:crypto';
import type { RequestMessage } from '../../protocol/message.js';

/** @returns 32 bytes by which a key is known in memory and in the log, however long it is. */
export const keyDigest = (idempotencyKey: string): Buffer =>
  createHash('sha256').update(idempotencyKey).digest();

/**
 * What two requests must agree in to be one: pattern, serializer and payload, byte for byte. Headers and metadata may differ, as those of
 * traces do.
 */
export const requestDigest = ({ pattern, payload }: RequestMessage, contentType: string): Buffer => {
  const head = Buffer.from(`${Buffer.byteLength(pattern)}:${pattern}${contentType}:`);
  return createHash('sha256').update(head).update(payload).digest();
};
