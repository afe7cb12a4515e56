/**
 * Values become bytes and come back.
 *
 *     value → Serializer → bytes → frame list → WireInterceptor[] → record
 *
 * Both sides of a call must use the same one; `contentType` travels with every record, so that a mismatch is a clear
 * error and not a garbled value.
 */
export interface Serializer {
  /** At most 255 bytes of UTF-8: `msgpack`, `json`, or a name of your own. */
  readonly contentType: string;
  /** @throws when the value cannot be represented: the call (or the reply) fails, nothing else. */
  serialize(value: unknown): Buffer;
  /** @throws when the bytes are not what `serialize` makes: the call fails with `INVALID_ARGUMENT`, nothing else. */
  deserialize(bytes: Buffer): unknown;
}
