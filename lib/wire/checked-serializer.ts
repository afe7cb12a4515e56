import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { Serializer } from './serializer.js';

/**
 * A serializer whose bytes are bytes: anything else would get into a record that other calls share.
 * Cost: one call and one look at what it gave.
 */
export const checkedSerializer = (serializer: Serializer): Serializer =>
  Object.freeze({
    contentType: serializer.contentType,
    serialize: (value: unknown) => asBuffer(serializer.serialize(value), serializer.contentType),
    deserialize: (bytes: Buffer) => serializer.deserialize(bytes),
  });

const asBuffer = (bytes: unknown, name: string): Buffer => {
  if (Buffer.isBuffer(bytes)) return bytes;
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const what = bytes instanceof Promise ? 'a promise' : bytes === null ? 'null' : typeof bytes;
  throw new RpcError(
    RpcStatus.INTERNAL,
    `The serializer "${name}" gave ${what}, not a Buffer: its serialize() must return the bytes themselves.`,
  );
};
