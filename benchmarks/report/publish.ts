import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchBroker } from '../broker/bench-broker.js';
import type { BenchmarkContext } from '../benchmark.js';
import type { Chart } from './plot/chart.js';
import { draw } from './plot/draw.js';
import { runFacts } from './run-facts.js';

/** What a benchmark found. */
export interface Findings {
  /** Names the files, as on the command line. */
  readonly benchmark: string;
  readonly title: string;
  /** Undefined for a benchmark that needs none. */
  readonly broker: BenchBroker | undefined;
  /** For standard output. */
  readonly tables: string;
  /** All numbers, for the JSON. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly charts: readonly Chart[];
}

const SIGNIFICANT_DIGITS = 4;

/** Prints the tables; writes the JSON, with where, when and with what, and the plot beside it. */
export async function publish({ options, progress }: BenchmarkContext, findings: Findings): Promise<void> {
  const { benchmark, broker, tables, data, charts } = findings;
  const title = `${findings.title.charAt(0).toUpperCase()}${findings.title.slice(1)}`;
  const facts = await runFacts(benchmark, options, broker);
  process.stdout.write(`\n${title}\n${facts.summary}\n\n${tables}`);
  await mkdir(options.results, { recursive: true });
  const file = join(options.results, benchmark);
  await writeFile(`${file}.json`, `${JSON.stringify({ ...facts.all, ...data }, rounded, 2)}\n`);
  await writeFile(`${file}.svg`, draw({ title, subtitle: facts.summary, charts }));
  progress(`Written to ${file}.json and ${file}.svg`);
}

/** Digits beyond the noise only make differences between two files look like more than they are. */
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(SIGNIFICANT_DIGITS))
    : value;
