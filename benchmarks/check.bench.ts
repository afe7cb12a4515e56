import type { Benchmark } from './benchmark.js';
import { startBroker } from './broker/bench-broker.js';
import { readBaseline, writeBaseline } from './check/baseline.js';
import { compare, type Comparison } from './check/compare.js';
import { measureRatios } from './check/measure-ratios.js';
import { figure } from './report/figures.js';
import { runFacts } from './report/run-facts.js';
import { table } from './report/table.js';

const BASELINE = 'benchmarks/baseline.json';
const PLAN = { full: { rounds: 7, seconds: 1.5 }, quick: { rounds: 2, seconds: 0.5 } };

/** A guard against slow changes: a few minutes, ratios only, against those of a run that was found good. */
export const check: Benchmark = {
  name: 'check',
  title: 'ratios against the stored baseline; fails on a loss of more than 20 % beyond the noise',
  run: async (context) => {
    const { options, teardown, progress } = context;
    // Before minutes are spent: there may be nothing to compare with.
    const baseline = options.update ? undefined : await readBaseline(BASELINE);
    const broker = await startBroker(teardown, progress);
    const ratios = await measureRatios(broker, PLAN[options.quick ? 'quick' : 'full'], context);
    const { summary } = await runFacts('check', options, broker);
    if (baseline === undefined) {
      await writeBaseline(BASELINE, { madeBy: summary, ratios });
      return progress(`Written to ${BASELINE}`);
    }
    const comparisons = compare(baseline.ratios, ratios);
    process.stdout.write(
      `\nbaseline: ${baseline.madeBy}\nthis run: ${summary}\n\n${comparisonTable(comparisons)}`,
    );
    const losses = comparisons.filter(({ isLoss }) => isLoss);
    if (losses.length === 0) return;
    throw new Error(`Lost against the baseline: ${losses.map(lossText).join('; ')}`);
  },
};

const comparisonTable = (comparisons: readonly Comparison[]): string =>
  table([
    ['ratio', 'baseline', 'now', 'lost', 'noise', ''],
    ...comparisons.map(({ name, before, now, lost, noise, isLoss }) => [
      name,
      before === undefined ? 'new' : figure(before),
      figure(now),
      percent(lost),
      `±${percent(noise)}`,
      isLoss ? 'LOST' : 'kept',
    ]),
  ]);

const lossText = ({ name, before = NaN, now, lost, noise }: Comparison): string =>
  `${name} was ${figure(before)}, is ${figure(now)}: ${percent(lost)} lost, noise ${percent(noise)}`;

const percent = (part: number): string => `${Math.round(part * 100)} %`;
