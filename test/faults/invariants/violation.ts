/** The names of the invariants: those of the plan, H1 for what health() says, and L1 for a load that was none. */
export const INVARIANTS = {
  I1: 'what the broker has is run, or expires, or is cancelled',
  I2: 'an answer ends one call, and the right one, once',
  I3: 'no call outlives its deadline',
  I4: 'a commit never passes what is not finished',
  I5: 'no call fails, but where the window says so, and then with a status',
  I6: 'commits never go back',
  I7: 'what was finished runs again only after a crash, and then no more than one commit interval and what was in hand',
  I8: 'what is said not to run does not run',
  I9: 'what has expired is not started',
  I10: 'after the fault all is well again, without a restart',
  I11: 'no partition stays behind',
  I12: 'nothing is left in hand, and memory is bounded',
  I13: 'no fault ends a process',
  I14: 'the values of a stream are those of one run, in order, without a gap',
  I15: 'a caller that leaves ends the work of the handler',
  I16: 'a server that is told to stop stops in time',
  I17: 'a reply that stands in the topic is read',
  I18: 'calls of a key begin in the order sent',
  H1: 'who is well says so, and nobody asks for a restart',
  L1: 'the load was a load',
} as const;

export type InvariantId = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: InvariantId;
  readonly text: string;
}
