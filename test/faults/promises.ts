/**
 * What the package does today that it is not to do for ever: each is a promise that the suite would hold it to, and does not yet.
 * Set one to `true` when the package keeps it.
 */
export const PROMISES = {
  /** A batch whose checksum is wrong is not handed on. */
  checksOfBatches: true,
  /** `listen()` outlasts lost answers to Metadata. */
  listenOutlastsLostMetadata: true,
  /** A call whose reply the broker refuses for want of a right is answered once the right is back. */
  callsOutlastDeniedReplies: true,
  /** A login that is lost with its connection is tried again, and not taken for one that was refused. */
  lostLoginsAreTriedAgain: true,
  /** A server that still runs a call of a partition that has moved hears that its caller is gone. */
  cancelsReachOldOwners: true,
} as const;
