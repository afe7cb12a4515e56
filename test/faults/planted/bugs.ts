import type { InvariantId } from '../invariants/violation.js';

/** A bug that is planted into the package, and where it has to come to light. */
export interface PlantedBug {
  readonly name: string;
  /** The window that is to turn red. */
  readonly window: string;
  /** The invariants of which one at least has to notice it. */
  readonly noticedBy: readonly InvariantId[];
}

/** Bugs that a transport of this kind may have: a suite that does not notice them proves nothing. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  { name: 'commits-the-highest', window: 'a server stands still within its session', noticedBy: ['I4'] },
  {
    name: 'commits-before-the-reply',
    window: 'requests to Produce are lost, 1 in 4',
    noticedBy: ['I4'],
  },
  {
    name: 'keeps-state-after-revoke',
    window: 'servers come and go all the time',
    noticedBy: ['I4', 'I6', 'I7'],
  },
  { name: 'commits-late', window: 'a server stands still within its session', noticedBy: ['I6'] },
  { name: 'has-no-deadlines', window: 'a server stands still within its session', noticedBy: ['I3'] },
  { name: 'resolves-by-number-only', window: 'a server stands still within its session', noticedBy: ['I2'] },
  {
    name: 'skips-replies-after-a-reset',
    window: 'all connections are reset once a second',
    noticedBy: ['I5', 'I17'],
  },
  {
    name: 'runs-without-limit',
    window: 'handlers are slow, and there are many calls at once',
    noticedBy: ['I12'],
  },
  {
    name: 'says-that-it-was-not-sent',
    window: '3 of the brokers silent for 3.5 s, with all connections open',
    noticedBy: ['I8'],
  },
  {
    name: 'repeats-definite-failures',
    window: 'a server stands still within its session',
    noticedBy: ['I7'],
  },
  { name: 'mixes-runs-of-a-stream', window: 'two of three servers are killed at once', noticedBy: ['I14'] },
  {
    name: 'loses-a-call-now-and-then',
    window: 'a server stands still within its session',
    noticedBy: ['I1', 'I4'],
  },
];
