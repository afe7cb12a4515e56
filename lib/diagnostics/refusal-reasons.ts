/** Reasons to refuse messages of a record and accept its other messages. */
const MESSAGE_REFUSAL_REASONS = [
  /** Unreadable messages. */
  'message',
  /** Calls that a producer or an attacker appended again. */
  'replay',
  /** Calls that are much older than their record: appended again long after. */
  'stale',
] as const;

/** The reasons to refuse a record. The set is closed, so that each can be counted. */
export const REFUSAL_REASONS = [
  /** No envelope, or more than one: a record of another program. */
  'not-ours',
  /** Another version of the protocol. */
  'version',
  /** An unreadable envelope, an unreadable head of a keyed stage, or no value. */
  'structure',
  /** A reply on a request topic. */
  'direction',
  /** A reply address outside the reply topic. */
  'reply-address',
  /** Other wire stages, or the same in another order. */
  'stages',
  /** No key with the id in the record. */
  'unknown-key',
  /** A key with that id that differs from the sender's. */
  'other-key',
  /** Changed, moved, sent in the other direction, or signed with another key. */
  'mismatch',
  /** A wrong checksum: damaged on the way. */
  'damaged',
  /** Not compressed in the named way. */
  'compression',
  /** Above the size limit when inflated. */
  'size',
  /** An exception in a user's own stage. */
  'stage',
  /** An error of this side: a bug of this package or of a driver. */
  'internal',
  ...MESSAGE_REFUSAL_REASONS,
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

const KNOWN: ReadonlySet<unknown> = new Set(REFUSAL_REASONS);
const OF_MESSAGES: ReadonlySet<RefusalReason> = new Set(MESSAGE_REFUSAL_REASONS);

export const isRefusalReason = (value: unknown): value is RefusalReason => KNOWN.has(value);

/** Whether the reason refuses single messages, and not the whole record. */
export const isOfMessages = (reason: RefusalReason): boolean => OF_MESSAGES.has(reason);
