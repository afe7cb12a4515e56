import { spreadOf, type Spread } from './summary.js';

/** What one measurement gave: numbers by name, units in the names. */
export type Measures = Readonly<Record<string, number>>;

/** One way to do it, measured again and again in turn with the others. */
export interface Variant {
  /** What tells it apart, for instance its size and its stages. */
  readonly labels: Labels;
  measure(): Promise<Measures>;
}

export type Labels = Readonly<Record<string, string | number>>;

/** What one variant gave in all rounds. */
export interface Row {
  readonly labels: Labels;
  readonly measures: Readonly<Record<string, Spread>>;
  readonly rounds: readonly Measures[];
}

/**
 * A B C, A B C, …: the variants take turns, so that a slow minute of the machine falls on all of them, and round n of one
 * may be compared with round n of another.
 */
export async function inTurns(
  variants: readonly Variant[],
  rounds: number,
  tell: (line: string) => void,
): Promise<Row[]> {
  const measured = variants.map(({ labels }) => ({ labels, rounds: [] as Measures[] }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [at, { labels, measure }] of variants.entries()) {
      const measures = await measure();
      measured[at]?.rounds.push(measures);
      tell(progressLine(`round ${round}/${rounds}`, labels, measures));
    }
  }
  return measured.map(({ labels, rounds: each }) => rowOf(labels, each));
}

export function rowOf(labels: Labels, rounds: readonly Measures[]): Row {
  const names = Object.keys(rounds[0] ?? {});
  const spreads = names.map((name) => [name, spreadOf(rounds.map((round) => round[name] ?? NaN))] as const);
  return { labels, measures: Object.fromEntries(spreads), rounds };
}

/** One variant's measure over another's, round by round: what slows a round slows both. */
export function ratioOf(row: Row, base: Row, measure: string): Spread {
  return spreadOf(
    row.rounds.map((round, at) => (round[measure] ?? NaN) / (base.rounds[at]?.[measure] ?? NaN)),
  );
}

/** The row with one more measure: its calls/s over those of another. */
export const withRatio = (row: Row, base: Row, name: string): Row => ({
  ...row,
  measures: { ...row.measures, [name]: ratioOf(row, base, 'callsPerSecond') },
});

export function progressLine(round: string, labels: Labels, measures: Measures): string {
  const facts = Object.entries(measures).map(
    ([name, value]) => `${name} ${Number(value.toPrecision(4)).toLocaleString('en')}`,
  );
  return [round, ...Object.values(labels).map(String), facts.join(', ')].join('  ');
}
