/** Your own type on the wire. Both sides of a call need it, with the same number. */
export interface MsgpackExtension {
  /** From 0 to 63. This package uses the numbers above. */
  readonly type: number;
  /**
   * Returns the bytes of a value of this type, or `undefined` for any other value.
   * `msgpack()` calls it for every object except plain objects and arrays, before it tries the built-in types.
   */
  encode(value: object): Uint8Array | undefined;
  /**
   * Returns the value of these bytes. You may keep the bytes: only the same message shares their memory.
   * @throws any exception fails the call with `INVALID_ARGUMENT`.
   */
  decode(bytes: Buffer): unknown;
}

/** The largest number of a user's type. */
export const MAX_CUSTOM_TYPE = 63;
