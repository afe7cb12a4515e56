import type { Spread } from '../measure/summary.js';
import { figure, withRange } from '../report/figures.js';
import type { PeerLevel, Ratio } from '../report/round-trip-report.js';
import { boundOf } from '../report/target.js';
import { medianCell, NOTHING, verdictCell } from './cells.js';
import { markdownTable } from './markdown-table.js';
import type { Results, RoundTripResults } from './results.js';

const LEVELS = [1, 10, 100, 1_000, 5_000];
const RATIO_LEVELS = [1, 100, 1_000, 5_000];
const BUSY = 1_000;

export const atOnce = (level: number): string => `${level.toLocaleString('en')} at once`;
const code = (name: string): string => `\`${name}\``;

const levelOf = ({ levels }: RoundTripResults, name: string, level: number): PeerLevel | undefined =>
  levels.find(({ peer, concurrency }) => peer === name && concurrency === level);

const ratioOf = ({ ratios }: RoundTripResults, over: string, level: number): Ratio | undefined =>
  ratios.find((ratio) => ratio.over === over && ratio.concurrency === level);

/** Medians of calls/s and of the latency of single calls, for all peers. */
export function peersTable({ roundTrip }: Results): string {
  const heading = ['peer', ...LEVELS.map(atOnce), 'p50 at 1', 'p99 at 1', 'p99 over p50'];
  const rows = roundTrip.peers.map(({ name }) => [
    code(name),
    ...LEVELS.map((level) => medianCell(levelOf(roundTrip, name, level)?.callsPerSecond)),
    medianCell(levelOf(roundTrip, name, 1)?.p50, ' ms'),
    medianCell(levelOf(roundTrip, name, 1)?.p99, ' ms'),
    medianCell(levelOf(roundTrip, name, 1)?.p99OverP50),
  ]);
  return markdownTable(heading, rows);
}

/** This package over each peer, with the range of the rounds. */
export function ratiosTable({ roundTrip }: Results): string {
  const cell = (spread: Spread | undefined): string =>
    spread === undefined ? NOTHING : withRange(spread).join(' ');
  const heading = ['ours over', ...RATIO_LEVELS.map((level) => `calls/s, ${atOnce(level)}`), 'p50, 1'];
  const rows = roundTrip.peers
    .slice(1)
    .map(({ name }) => [
      code(name),
      ...RATIO_LEVELS.map((level) => cell(ratioOf(roundTrip, name, level)?.callsPerSecond)),
      cell(ratioOf(roundTrip, name, 1)?.p50),
    ]);
  return markdownTable(heading, rows);
}

/** Microseconds of CPU time per call at 1,000 at once. */
export function cpuTable({ roundTrip }: Results): string {
  const rows = roundTrip.peers.flatMap(({ name }) => {
    const level = levelOf(roundTrip, name, BUSY);
    if (level === undefined) return [];
    const each = cpuMicrosOf(level);
    return [[code(name), ...[...each, each.reduce((sum, micros) => sum + micros)].map(figure)]];
  });
  return markdownTable(['peer', 'client', 'server', 'broker', 'together'], rows);
}

/** Of client, server and broker: CPU seconds per 1,000 calls are milliseconds per call. */
export function cpuMicrosOf({ cpuPerThousand: { client, server, broker } }: PeerLevel): readonly number[] {
  return [client, server, broker].map((part) => (part?.median ?? 0) * 1_000);
}

/** Of this package: CPU microseconds per call of client, server and broker. @throws Error when it was not measured. */
export function ownCpuMicros({ roundTrip }: Results, level: number): readonly number[] {
  const own = levelOf(roundTrip, 'ours', level);
  if (own === undefined) throw new Error(`round-trip.json has no row of ours with ${atOnce(level)}.`);
  return cpuMicrosOf(own);
}

/** What was wanted, and what two runs gave; what was missed is bold. */
export function targetsTable({ roundTrip, node24 }: Results): string {
  const runs = [roundTrip, node24];
  const rows = roundTrip.targets.map(({ name, wanted }) => [
    name
      .replace('callsPerSecond', 'calls/s')
      .replace(/over ([\w-]+),/, (_, peer: string) => `over ${code(peer)},`),
    boundOf(wanted),
    ...runs.map(({ targets }) => verdictCell(targets.find((target) => target.name === name))),
  ]);
  const heading = ['target', 'wanted', `Node ${roundTrip.versions.node}`, `Node ${node24.versions.node}`];
  return markdownTable(heading, rows);
}

/** The same ratios and costs before and after the work on speed. */
export function beforeAndAfterTable({ roundTripBefore, roundTrip }: Results): string {
  const runs = [roundTripBefore, roundTrip];
  const rate = (over: string, level: number): string[] => [
    `calls/s over ${code(over)}, ${atOnce(level)}`,
    ...runs.map((run) => medianCell(ratioOf(run, over, level)?.callsPerSecond)),
  ];
  return markdownTable(
    ['', 'before', 'after'],
    [
      rate('nest-kafka', 1_000),
      rate('nest-tcp', 1_000),
      rate('floor-frames', 1_000),
      rate('nest-kafka', 100),
      [
        `p50 over ${code('floor')}, ${atOnce(1)}`,
        ...runs.map((run) => medianCell(ratioOf(run, 'floor', 1)?.p50)),
      ],
      [
        `CPU of client and server over ${code('nest-tcp')}’s, ${atOnce(BUSY)}`,
        ...runs.map((run) => figure(cpuShare(run, 'nest-tcp'))),
      ],
    ],
  );
}

function cpuShare(run: RoundTripResults, over: string): number {
  const bothOf = (name: string): number => {
    const [client = NaN, server = NaN] = cpuMicrosOf(levelOf(run, name, BUSY) as PeerLevel);
    return client + server;
  };
  return bothOf('ours') / bothOf(over);
}
