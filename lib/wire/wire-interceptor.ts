/**
 * A wire stage: changes the bytes of whole records, in both directions.
 *
 *     frame list → [stage 1 → stage 2 → …] → record        and back, last stage first
 *
 * The order of the option `interceptors` is the encode order. A stage runs once per record, for all calls in the record. If all
 * stages return bytes instead of promises, the chain never awaits.
 */
export interface WireInterceptor {
  /** Sent with every record. A receiver with other stages refuses the record, and its error names both. */
  readonly name: string;
  /**
   * Whether `decode` refuses every record that no key holder made for this topic and partition. With such a stage, a server refuses
   * calls that were appended again.
   * @default false
   */
  readonly authenticates?: boolean;
  /** Called before the first record. Do asynchronous work here, such as key derivation. */
  open?(): Promise<void> | void;
  /**
   * Whether calls and replies of a pattern get their own records, without others. These records have `context.isApart`.
   * @default none do
   */
  keepsApart?(pattern: string): boolean;
  /** Returns the bytes to send. @throws any exception fails the calls in the record. */
  encode(bytes: Buffer, context: WireContext): Buffer | Promise<Buffer>;
  /** Returns the bytes that `encode` got. @throws any exception refuses the record: the receiver counts and skips it. */
  decode(bytes: Buffer, context: WireContext): Buffer | Promise<Buffer>;
}

/** The facts about a record for a stage. */
export interface WireContext {
  readonly direction: 'request' | 'reply';
  readonly topic: string;
  readonly partition: number;
  /** In `encode`: all messages of the record have patterns that a stage keeps apart. */
  readonly isApart?: boolean;
  /** The bytes of the envelope (docs/protocol.md, "Envelope"). A stage may authenticate them, and must not change them. */
  readonly envelope: Buffer;
  /** Record headers. `encode` may add its own, except `rpc`. `decode` finds them here. */
  readonly headers: Record<string, Buffer>;
}
