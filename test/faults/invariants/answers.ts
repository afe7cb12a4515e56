import { answersOf, type LedgerCall } from '../witnesses/evidence.js';
import { isOrphan, stalledMs, type Joined } from './joined.js';
import type { Violation } from './violation.js';

/** A reply that was appended so long before the deadline is read in time, whatever is broken. */
const READ_WITHIN_MS = 15_000;

/** I2 */
export const answersAreRight = (joined: Joined): Violation[] =>
  joined.calls.flatMap((call) => {
    const { nonce, settlements } = call;
    const wrong: string[] = [];
    if (settlements.length > 1) wrong.push(`ended ${settlements.length} times`);
    const answers = answersOf(call) ?? [];
    const foreign = answers.find((answer) => answer.nonce !== nonce);
    if (foreign !== undefined) wrong.push(`was given the answer to ${foreign.nonce}`);
    const runs = new Set(joined.runsOf(nonce).map(({ run }) => run));
    const unknown = answers.find((answer) => !runs.has(answer.run));
    if (unknown !== undefined) wrong.push(`was answered by run ${unknown.run}, which no journal has`);
    const [first] = settlements;
    if (call.kind === 'refused' && first?.how === 'refused' && first.text !== nonce)
      wrong.push(`was given the error of ${first.text ?? ''}`);
    return wrong.map((text) => ({ invariant: 'I2', text: `${nonce} ${text}` }));
  });

/** I14 */
export const streamsAreWhole = ({ calls }: Joined): Violation[] =>
  calls
    .filter(({ kind }) => kind === 'values')
    .flatMap((call) => {
      const text = whatIsWrong(call);
      return text === undefined ? [] : [{ invariant: 'I14', text: `${call.nonce}: ${text}` }];
    });

const whatIsWrong = ({ settlements: [first], count }: LedgerCall): string | undefined => {
  const answers = first?.answers ?? [];
  if (new Set(answers.map(({ run }) => run)).size > 1) return 'values of several runs';
  if (answers.some(({ at }, index) => at !== index))
    return `values ${answers.map(({ at }) => at).join(' ')}, in this order`;
  if (first?.how === 'answered' && answers.length !== count)
    return `ended well behind ${answers.length} of ${count ?? 0} values`;
  return undefined;
};

/** I17 */
export const repliesAreRead = (joined: Joined): Violation[] => {
  if (joined.facts.promise.losesReplies || joined.facts.promise.losesLog) return [];
  return joined.calls.flatMap((call) => {
    const { nonce, settlements, sentAtMs, deadlineMs } = call;
    if (settlements[0]?.status !== 'DEADLINE_EXCEEDED' || isOrphan(joined, call)) return [];
    const request = joined.requestOf(nonce);
    const endedAtMs = request && joined.endedAtMs(request.callId);
    if (endedAtMs === undefined) return [];
    const dueAtMs = sentAtMs + deadlineMs;
    // Nothing is read while the client stands still.
    const leftMs = dueAtMs - endedAtMs - stalledMs(joined.clientOf(call), endedAtMs, dueAtMs);
    if (leftMs < READ_WITHIN_MS) return [];
    return [
      {
        invariant: 'I17',
        text: `${nonce}: its reply was there ${Math.round(leftMs)} ms before its deadline`,
      },
    ];
  });
};
