/** Why messages of a record are refused, while its other messages are taken. */
const MESSAGE_REFUSAL_REASONS = [
  /** They cannot be read. */
  'message',
  /** Calls that were appended before: by their producer, or by an attacker. */
  'replay',
  /** Calls too old for their record: appended again long after. */
  'stale',
] as const;

/** Why a record is refused: a closed set, so that it can be counted. */
export const REFUSAL_REASONS = [
  /** It has no envelope, or more than one: somebody else's record. */
  'not-ours',
  /** Another version of the protocol. */
  'version',
  /** Its envelope, or what a keyed stage put in front of the bytes, cannot be read; or it has no value. */
  'structure',
  /** A reply on a request topic. */
  'direction',
  /** Replies to it would go elsewhere than to the reply topic. */
  'reply-address',
  /** Its sender has other wire stages, or the same in another order. */
  'stages',
  /** No key of the id that it names. */
  'unknown-key',
  /** A key of that id, but not the sender's. */
  'other-key',
  /** Changed, moved, turned round, or signed with another key. */
  'mismatch',
  /** Its checksum does not fit: an accident on the way. */
  'damaged',
  /** Not compressed as it says. */
  'compression',
  /** Larger than may be inflated. */
  'size',
  /** A stage of the user's own threw. */
  'stage',
  /** This side failed at it: a bug of this package, or of a driver. */
  'internal',
  ...MESSAGE_REFUSAL_REASONS,
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

const KNOWN: ReadonlySet<unknown> = new Set(REFUSAL_REASONS);
const OF_MESSAGES: ReadonlySet<RefusalReason> = new Set(MESSAGE_REFUSAL_REASONS);

export const isRefusalReason = (value: unknown): value is RefusalReason => KNOWN.has(value);

/** Whether only messages of the record are refused, and not the record. */
export const isOfMessages = (reason: RefusalReason): boolean => OF_MESSAGES.has(reason);
