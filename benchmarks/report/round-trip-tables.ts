import type { Spread } from '../measure/summary.js';
import type { PeerLevel, Ratio, RoundTripReport } from './round-trip-report.js';
import { table } from './table.js';

const HEADING = ['peer', 'calls/s', '(min–max)', 'p50 ms', '(min–max)', 'p99 ms', '(min–max)'];
const CPU_HEADING = ['client', 'server', 'broker'];
const RATIO_HEADING = ['ours over', 'calls/s', '(min–max)', 'p50', '(min–max)', 'p99', '(min–max)'];

/** The report as text: per level a table of peers and a table of ratios, then the targets. */
export function roundTripTables(report: RoundTripReport): string {
  const levels = [...new Set(report.levels.map(({ concurrency }) => concurrency))];
  const parts = levels.map((concurrency) => {
    const peers = report.levels.filter((level) => level.concurrency === concurrency);
    const ratios = report.ratios.filter((ratio) => ratio.concurrency === concurrency);
    return [
      `\n${concurrency.toLocaleString('en')} at once; medians of ${peers[0]?.rounds.length ?? 0} rounds; CPU in seconds per 1,000 calls\n\n`,
      table([[...HEADING, ...CPU_HEADING], ...peers.map(peerRow)]),
      ratios.length > 0 ? `\n${table([RATIO_HEADING, ...ratios.map(ratioRow)])}` : '',
    ].join('');
  });
  return `${parts.join('')}\n${targetLines(report)}`;
}

function peerRow({ peer, callsPerSecond, p50, p99, cpuPerThousand }: PeerLevel): string[] {
  const { client, server, broker } = cpuPerThousand;
  return [
    peer,
    ...withRange(callsPerSecond, count),
    ...withRange(p50, milliseconds),
    ...withRange(p99, milliseconds),
    ...[client, server, broker].map((spread) => spread?.median.toFixed(3) ?? '–'),
  ];
}

const ratioRow = ({ over, callsPerSecond, p50, p99 }: Ratio): string[] => [
  over,
  ...[callsPerSecond, p50, p99].flatMap((spread) => withRange(spread, times)),
];

const targetLines = ({ targets }: RoundTripReport): string =>
  targets
    .map(({ measure, concurrency, over, wanted, got, isMet }) => {
      const bound = 'atLeast' in wanted ? `at least ${wanted.atLeast}` : `under ${wanted.under}`;
      return `${isMet ? 'met' : 'MISSED'}: ${measure} over ${over} at ${concurrency} at once is ${got.toFixed(2)}, wanted ${bound}\n`;
    })
    .join('');

const withRange = ({ median, min, max }: Spread, text: (value: number) => string): string[] => [
  text(median),
  `(${text(min)}–${text(max)})`,
];

const count = (value: number): string => Math.round(value).toLocaleString('en');
const milliseconds = (value: number): string => value.toFixed(2);
const times = (value: number): string => `×${value.toFixed(2)}`;
