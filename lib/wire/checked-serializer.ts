import { hearRejection, isThenable } from '../diagnostics/thenable.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { Serializer } from './serializer.js';

/**
 * Checks the results of a serializer: bytes must be a Buffer, because other calls share the record, and a value must not be a
 * promise, because nobody awaits it. Cost: one call and one check for each value.
 */
export const checkedSerializer = (serializer: Serializer): Serializer =>
  Object.freeze({
    contentType: serializer.contentType,
    serialize: (value: unknown) => asBuffer(serializer.serialize(value), serializer.contentType),
    deserialize: (bytes: Buffer) => asValue(serializer.deserialize(bytes), serializer.contentType),
  });

const asBuffer = (bytes: unknown, name: string): Buffer => {
  if (Buffer.isBuffer(bytes)) return bytes;
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  hearRejection(bytes, () => undefined);
  const what = isThenable(bytes) ? 'a promise' : bytes === null ? 'null' : typeof bytes;
  throw new RpcError(
    RpcStatus.INTERNAL,
    `The serializer "${name}" gave ${what}, not a Buffer: its serialize() must return the bytes themselves.`,
  );
};

const asValue = (value: unknown, name: string): unknown => {
  if (!isThenable(value)) return value;
  hearRejection(value, () => undefined);
  throw new RpcError(
    RpcStatus.INTERNAL,
    `The serializer "${name}" gave a promise: its deserialize() must return the value itself.`,
  );
};
