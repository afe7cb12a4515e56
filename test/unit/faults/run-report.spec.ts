import type { WindowResult } from '../../faults/conductor/window-result.js';
import { runReport } from '../../faults/report/run-report.js';

const RESULT: WindowResult = {
  name: 'a server is killed',
  seed: 7,
  violations: [],
  void: [],
  happened: ['s1 gone'],
  calls: 4_000,
  answered: 3_900,
  runs: 4_100,
  repeats: 70,
  repeatsOfFinished: 58,
  slowestMs: 8_888,
  longestStallMs: 40,
  recoveredInMs: 630,
  tookMs: 30_000,
};
const FACTS = { seed: 7, callsPerSecond: 200, where: 'Kafka 4.1', day: '2026-11-28' };

describe('the report of a run', () => {
  it('sums up its windows, and has a row for each', () => {
    const page = runReport([RESULT, { ...RESULT, name: 'a broker is killed', seed: 8 }], FACTS);
    expect(page).toContain('| calls | 8,000 |');
    expect(page).toContain('| run again although finished, all behind a crash | 116 |');
    expect(page).toContain('| windows with a violation, or void | 0 |');
    expect(page).toContain('| a broker is killed | 8 | 4,000 | 8,888 ms | 70 (58) | 630 ms | s1 gone |');
    expect(page).not.toContain('## Violations');
  });

  it('says what is wrong with a window', () => {
    const violations = [{ invariant: 'I4', text: 'one' } as const, { invariant: 'I4', text: 'two' } as const];
    const page = runReport(
      [
        { ...RESULT, violations },
        { ...RESULT, void: ['it never happened'] },
      ],
      FACTS,
    );
    expect(page).toContain('| windows with a violation, or void | 2 |');
    expect(page).toContain('I4 (a commit never passes what is not finished), 2 times, first: one');
    expect(page).toContain('void, it never happened');
  });
});
