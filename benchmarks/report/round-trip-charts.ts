import type { Spread } from '../measure/summary.js';
import type { Chart } from './plot/chart.js';
import type { PeerLevel, RoundTripReport } from './round-trip-report.js';

const CPU_AT = 1_000;

/** Rates and latencies over calls at once, and what a call costs each process. */
export function roundTripCharts({ peers, levels }: RoundTripReport): readonly Chart[] {
  const concurrencies = [...new Set(levels.map(({ concurrency }) => concurrency))];
  const overLevels = (title: string, unit: string, value: (level: PeerLevel) => Spread): Chart => ({
    title,
    unit,
    kind: 'lines',
    over: 'calls at once',
    categories: concurrencies.map((concurrency) => concurrency.toLocaleString('en')),
    isLogarithmic: true,
    series: peers.map(({ name }) => ({
      name,
      values: concurrencies.map((concurrency) => {
        const level = levels.find((each) => each.peer === name && each.concurrency === concurrency);
        return level === undefined ? undefined : value(level);
      }),
    })),
  });
  const busiest = levels.filter(({ concurrency }) => concurrency === CPU_AT);
  return [
    overLevels('Throughput', 'calls/s', (level) => level.callsPerSecond),
    overLevels('Latency of the middle call', 'p50 in ms', (level) => level.p50),
    overLevels('Latency of one call in a hundred', 'p99 in ms', (level) => level.p99),
    ...(busiest.length > 0 ? [cpuChart(busiest)] : []),
  ];
}

const cpuChart = (levels: readonly PeerLevel[]): Chart => ({
  title: `CPU time at ${CPU_AT.toLocaleString('en')} calls at once`,
  unit: 'seconds of CPU time per 1,000 calls',
  kind: 'bars',
  over: 'peer',
  categories: levels.map(({ peer }) => peer),
  series: (['client', 'server', 'broker'] as const).map((role) => ({
    name: role,
    values: levels.map(({ cpuPerThousand }) => cpuPerThousand[role]),
  })),
});
