/** What a piece of a fetch may keep in memory beside itself. */
const MAX_NEIGHBOUR_BYTES = 4_096;

/** The bytes, copied if they are a piece of much more, which would stay in memory for as long as they do. */
export const ownBytes = (bytes: Buffer): Buffer =>
  bytes.buffer.byteLength - bytes.length > MAX_NEIGHBOUR_BYTES ? Buffer.from(bytes) : bytes;
