/** A type of your own on the wire. Both sides of a call need it, under the same number. */
export interface MsgpackExtension {
  /** From 0 to 63; the numbers above are this package's. */
  readonly type: number;
  /**
   * The bytes of a value that this extension is for; `undefined` for any other.
   * Asked for every object that is neither plain nor an array, before the built-in types.
   */
  encode(value: object): Uint8Array | undefined;
  /**
   * The value of those bytes, which may be kept: they are shared with nothing but the same message.
   * @throws anything: the call fails with `INVALID_ARGUMENT`.
   */
  decode(bytes: Buffer): unknown;
}

/** The largest number that a type of the user may have. */
export const MAX_CUSTOM_TYPE = 63;
