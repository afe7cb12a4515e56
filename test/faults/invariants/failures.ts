import type { LedgerCall } from '../witnesses/evidence.js';
import { isOrphan, type Joined } from './joined.js';
import type { Violation } from './violation.js';

/** What a fault around the package may come to. Others say that something is wrong in it. */
const TYPED: readonly string[] = [
  'DEADLINE_EXCEEDED',
  'UNAVAILABLE',
  'ABORTED',
  'RESOURCE_EXHAUSTED',
  'PERMISSION_DENIED',
  'FAILED_PRECONDITION',
  'NOT_FOUND',
  // Of a stream whose replies are gone.
  'DATA_LOSS',
];

/** I5 */
export const callsDoNotFail = (joined: Joined): Violation[] =>
  joined.calls.flatMap((call) => {
    if (isOrphan(joined, call) || call.settlements.length === 0 || isAsMeant(joined, call)) return [];
    const { how, status = '', text = '' } = call.settlements[0] ?? {};
    const said = `${call.nonce} (${call.kind}) ${how ?? ''} ${status}: ${text}`;
    return [{ invariant: 'I5', text: said.slice(0, 400) }];
  });

const isAsMeant = ({ facts }: Joined, { kind, settlements: [first] }: LedgerCall): boolean => {
  const { how, status = '' } = first ?? {};
  const { failures = 'none', movesPartitions = facts.crashes > 0 } = facts.promise;
  if (how === 'answered') return kind !== 'refused';
  if (kind === 'refused' && status === 'ALREADY_EXISTS') return true;
  if (kind === 'cancelled' && how === 'cancelled') return true;
  if (kind === 'brief' && status === 'DEADLINE_EXCEEDED') return true;
  // A stream that another run interrupts is not resumed.
  if (kind === 'values' && status === 'ABORTED' && movesPartitions) return true;
  return failures === 'typed' && TYPED.includes(status);
};
