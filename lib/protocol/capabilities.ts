/**
 * What this release can do beside plain calls, events and streams, by name. Servers announce it to their group and to those who
 * ask, and what is not announced is not used with them (docs/protocol.md, "How the protocol grows"). A name is never taken back, nor
 * given another meaning.
 */
export const CAPABILITIES = [
  /** Answers `ping` on the control topic. */
  'ask',
  /** Brakes streams by `credit`. */
  'credit',
  /** Takes `deferred` messages: calls and events that are to start later. */
  'delays',
  /** Takes `idempotent` messages. */
  'idempotency-keys',
  /** Ends the calls of clients that give no sign of life any more. */
  'signs-of-life',
  /** Sends `headers` and `progress` to clients that say that they know them. */
  'headers-and-progress',
] as const;
