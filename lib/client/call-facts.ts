import type { Destination } from '../wire/destination-queue.js';

/** What a call is before it has an answer. */
export interface CallFacts {
  readonly seq: number;
  readonly pattern: string;
  readonly destination: Destination;
  /** What the caller asked for. */
  readonly timeoutMs: number;
  /** Whether it fails when the service has no server. @default false */
  readonly needsServer?: boolean;
  /** What of that is left: some may have been spent on connecting. @default all of it */
  readonly ttlMs?: number;
}
