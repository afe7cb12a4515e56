import { figure, withRange } from './figures.js';
import type { PeerLevel, Ratio, RoundTripReport } from './round-trip-report.js';
import { table } from './table.js';
import { verdictLines } from './target.js';

const HEADING = ['peer', 'calls/s', '(min–max)', 'p50 ms', '(min–max)', 'p99 ms', '(min–max)', 'p99.9 ms'];
const CPU_HEADING = ['client', 'server', 'broker'];
const RATIO_HEADING = ['ours over', 'calls/s', '(min–max)', 'p50', '(min–max)', 'p99', '(min–max)'];

/** The report as text: per level a table of peers and a table of ratios, then the targets. */
export function roundTripTables(report: RoundTripReport): string {
  const levels = [...new Set(report.levels.map(({ concurrency }) => concurrency))];
  const parts = levels.map((concurrency) => {
    const peers = report.levels.filter((level) => level.concurrency === concurrency);
    const ratios = report.ratios.filter((ratio) => ratio.concurrency === concurrency);
    return [
      `${concurrency.toLocaleString('en')} at once; medians of ${peers[0]?.rounds.length ?? 0} rounds; CPU in seconds per 1,000 calls\n\n`,
      table([[...HEADING, ...CPU_HEADING], ...peers.map(peerRow)]),
      ratios.length > 0 ? `\n${table([RATIO_HEADING, ...ratios.map(ratioRow)])}` : '',
    ].join('');
  });
  return [...parts, `${skippedLines(report)}${verdictLines(report.targets)}`].join('\n');
}

function peerRow({ peer, callsPerSecond, p50, p99, p999, cpuPerThousand }: PeerLevel): string[] {
  const { client, server, broker } = cpuPerThousand;
  return [
    peer,
    ...[callsPerSecond, p50, p99].flatMap(withRange),
    figure(p999.median),
    ...[client, server, broker].map((spread) => spread?.median.toFixed(3) ?? '–'),
  ];
}

const ratioRow = ({ over, callsPerSecond, p50, p99 }: Ratio): string[] => [
  over,
  ...[callsPerSecond, p50, p99].flatMap(withRange),
];

const skippedLines = ({ skipped }: RoundTripReport): string =>
  skipped.map(({ name, reason }) => `skipped: ${name}: ${reason}\n`).join('');
