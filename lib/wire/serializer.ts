/**
 * Turns values into bytes and back.
 *
 *     value → Serializer → bytes → frame list → WireInterceptor[] → record
 *
 * Both sides of a call must use the same serializer. Every record carries `contentType`, so a mismatch gives a clear error instead
 * of a garbled value.
 */
export interface Serializer {
  /** `msgpack`, `json`, or your own name, with at most 255 bytes of UTF-8. */
  readonly contentType: string;
  /** @throws for a value without a representation. Only the call or the reply fails. */
  serialize(value: unknown): Buffer;
  /** @throws for bytes that `serialize` cannot have written. Only the call fails, with `INVALID_ARGUMENT`. */
  deserialize(bytes: Buffer): unknown;
}
