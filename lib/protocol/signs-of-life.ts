/**
 * The name of the record header in which a client says that it gives signs of life. Receivers that do not know it ignore it, as any
 * header that is not theirs.
 */
export const SIGNS_HEADER = 'rpc-alive';

/** A credit of nothing for one of its open calls: no server before this meaning does anything about it. */
export const SIGN_COUNT = 0;

/** @param everyMs how often a client with a long open call gives a sign to its partition */
export const encodeSigns = (everyMs: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(everyMs);
  return bytes;
};

/** @returns how often the sender gives a sign, in milliseconds; undefined when it does not say that it does. */
export const decodeSigns = (header: Buffer | readonly Buffer[] | undefined): number | undefined => {
  if (!Buffer.isBuffer(header) || header.length !== 4) return undefined;
  const everyMs = header.readUInt32BE();
  return everyMs === 0 ? undefined : everyMs;
};
