import { isGreen, type WindowResult } from '../conductor/window-result.js';
import { INVARIANTS } from '../invariants/violation.js';

export interface RunFacts {
  readonly seed: number;
  readonly callsPerSecond: number;
  /** Where it ran: the brokers, Node, the machine's cores. */
  readonly where: string;
  /** The day, as `2026-11-28`. */
  readonly day: string;
}

/** What a run of the suite has found, as a page in Markdown. */
export const runReport = (results: readonly WindowResult[], facts: RunFacts): string =>
  [
    '# The last full run of the fault suite',
    '',
    `\`npm run test:faults\` writes this page. [Reliability](reliability.md) says what it means.`,
    '',
    ...table(['figure', 'value'], figures(results, facts)),
    '',
    '## Windows',
    '',
    'A window is load, a fault and the recovery. `FAULT_SEED=<seed> npm run test:faults -- --only <window>` plays one again. "Run again" counts runs of calls that were run before, and in brackets those of calls that were finished. "Well again" is the time from the end of the fault until every client has new answers.',
    '',
    ...table(
      ['window', 'seed', 'calls', 'slowest call', 'run again', 'well again', 'seen'],
      results.map(rowOf),
    ),
    '',
    ...violationsOf(results),
  ].join('\n');

const figures = (results: readonly WindowResult[], facts: RunFacts): string[][] => {
  const sum = (of: (result: WindowResult) => number): string =>
    thousands(results.reduce((total, result) => total + of(result), 0));
  const stall = results.reduce((worst, result) => (result.slowestMs > worst.slowestMs ? result : worst));
  return [
    ['day', facts.day],
    ['where', facts.where],
    ['seed', `${facts.seed}`],
    ['calls a second', `${facts.callsPerSecond}`],
    ['windows', `${results.length}`],
    ['windows with a violation, or void', `${results.filter((result) => !isGreen(result)).length}`],
    ['calls', sum(({ calls }) => calls)],
    ['answered with a value', sum(({ answered }) => answered)],
    ['runs of handlers', sum(({ runs }) => runs)],
    ['run again', sum(({ repeats }) => repeats)],
    ['run again although finished, all behind a crash', sum(({ repeatsOfFinished }) => repeatsOfFinished)],
    ['slowest call', `${thousands(stall.slowestMs)} ms: ${stall.name}`],
    ['time', `${Math.round(results.reduce((total, { tookMs }) => total + tookMs, 0) / 60_000)} minutes`],
  ];
};

const rowOf = (result: WindowResult): string[] => {
  const { name, seed, calls, slowestMs, repeats, repeatsOfFinished, recoveredInMs, happened } = result;
  return [
    isGreen(result) ? name : `**${name}**`,
    `${seed}`,
    thousands(calls),
    `${thousands(slowestMs)} ms`,
    `${repeats} (${repeatsOfFinished})`,
    recoveredInMs === undefined ? 'no' : `${thousands(recoveredInMs)} ms`,
    happened.join(', '),
  ];
};

const violationsOf = (results: readonly WindowResult[]): string[] => {
  const red = results.filter((result) => !isGreen(result));
  if (red.length === 0) return [];
  const lines = red.flatMap((result) => [
    ...result.void.map((text) => `- ${result.name}: void, ${firstLine(text)}`),
    ...[...new Set(result.violations.map(({ invariant }) => invariant))].map((id) => {
      const found = result.violations.filter(({ invariant }) => invariant === id);
      return `- ${result.name}: ${id} (${INVARIANTS[id]}), ${found.length} times, first: ${firstLine(found[0]?.text ?? '')}`;
    }),
  ]);
  return ['## Violations', '', ...lines, ''];
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`);

const cell = (text: string): string => text.replaceAll('|', '\\|');

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').replaceAll(/[<>]/g, '');

const thousands = (count: number): string => count.toLocaleString('en-US');
