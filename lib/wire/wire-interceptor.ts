/**
 * One stage of the wire: bytes to bytes, both directions.
 *
 *     frame list → [stage 1 → stage 2 → …] → record        and back, last stage first
 *
 * The array given as `interceptors` is the encode order. A stage runs once per record, however many calls the record
 * carries. A chain of stages that all return bytes, not promises, never awaits.
 */
export interface WireInterceptor {
  /** Travels with every record: a receiver with other stages refuses the record with an error that names both. */
  readonly name: string;
  /**
   * Whether `decode` refuses what nobody with a key has made, for the place where it was read. If one stage does, a server runs no
   * call a second time that somebody appended again.
   * @default false
   */
  readonly authenticates?: boolean;
  /** Runs once, before the first record; an asynchronous key derivation belongs here. */
  open?(): Promise<void> | void;
  /**
   * Whether the calls of a pattern, with their replies, share no record with others. Their records come with `context.isApart`.
   * @default none do
   */
  keepsApart?(pattern: string): boolean;
  encode(bytes: Buffer, context: WireContext): Buffer | Promise<Buffer>;
  /** @throws to refuse the record: it is counted and skipped, never decoded. */
  decode(bytes: Buffer, context: WireContext): Buffer | Promise<Buffer>;
}

/** What a stage may know of the record that passes. */
export interface WireContext {
  readonly direction: 'request' | 'reply';
  readonly topic: string;
  readonly partition: number;
  /** While encoding: the record holds nothing but what a stage keeps apart. */
  readonly isApart?: boolean;
  /** The canonical bytes of all routing facts (docs/protocol.md, "Envelope"): to be authenticated, never changed. */
  readonly envelope: Buffer;
  /** While encoding, a stage adds record headers of its own here, but never `rpc`; while decoding, it finds them here. */
  readonly headers: Record<string, Buffer>;
}
