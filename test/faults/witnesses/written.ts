import type { JournalLine, LedgerLine } from '../actors/lines.js';
import type { LedgerCall, Run } from './evidence.js';

type Sent = Extract<LedgerLine, { e: 'sent' }>;
type Settlement = LedgerCall['settlements'][number];

/** The calls of a client's ledger. */
export const callsOf = (client: string, lines: readonly LedgerLine[]): LedgerCall[] => {
  const settlements = new Map<string, Settlement[]>();
  const left = new Map<string, number>();
  for (const line of lines) {
    if (line.e === 'left') left.set(line.nonce, line.t);
    if (line.e !== 'settled') continue;
    const { t, ...settled } = line;
    const known = settlements.get(line.nonce) ?? [];
    settlements.set(line.nonce, [...known, { ...settled, atMs: t }]);
  }
  return lines
    .filter((line): line is Sent => line.e === 'sent')
    .map(({ t, ...call }) => ({
      ...call,
      client,
      sentAtMs: t,
      leftAtMs: left.get(call.nonce),
      settlements: settlements.get(call.nonce) ?? [],
    }));
};

/** The executions of all journals, in the order of their beginnings. */
export const runsOf = (lines: readonly JournalLine[]): Run[] => {
  const ends = new Map<string, Extract<JournalLine, { e: 'end' }>>();
  for (const line of lines) if (line.e === 'end') ends.set(line.run, line);
  return lines
    .flatMap((line) => (line.e === 'start' ? [line] : []))
    .map(({ t, e: _e, ...run }) => ({
      ...run,
      startedAtMs: t,
      endedAtMs: ends.get(run.run)?.t,
      how: ends.get(run.run)?.how,
    }))
    .sort((a, b) => a.startedAtMs - b.startedAtMs);
};
