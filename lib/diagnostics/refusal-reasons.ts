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
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

const KNOWN: ReadonlySet<unknown> = new Set(REFUSAL_REASONS);

export const isRefusalReason = (value: unknown): value is RefusalReason => KNOWN.has(value);
