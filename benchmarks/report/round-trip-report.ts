import type { Measurement, Series } from '../measure/rounds.js';
import { spreadOf, type Spread } from '../measure/summary.js';
import type { SkippedPeer } from '../peers/available-peers.js';
import type { Peer } from '../peers/peer.js';
import { verdict, type Verdict, type Wanted } from './target.js';

/** What is compared between two peers. */
export type Compared = 'callsPerSecond' | 'p50' | 'p99';

/** A ratio of this package over another peer that the run is to show. */
export interface Target {
  readonly measure: Compared;
  readonly concurrency: number;
  readonly over: string;
  readonly wanted: Wanted;
}

export interface PeerLevel {
  readonly peer: string;
  readonly concurrency: number;
  readonly callsPerSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly p999: Spread;
  /** How far the slowest calls are from the middle. */
  readonly p99OverP50: Spread;
  readonly cpuPerThousand: { readonly client: Spread; readonly server: Spread; readonly broker?: Spread };
  readonly rounds: readonly Measurement[];
}

/** This package over another peer, round by round: what slows a round slows both. */
export interface Ratio {
  readonly over: string;
  readonly concurrency: number;
  readonly callsPerSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
}

export interface RoundTripReport {
  readonly peers: readonly { readonly name: string; readonly title: string; readonly warmUpCalls: number }[];
  readonly skipped: readonly SkippedPeer[];
  readonly levels: readonly PeerLevel[];
  readonly ratios: readonly Ratio[];
  readonly targets: readonly Verdict[];
}

export interface RoundTripData {
  readonly peers: readonly Peer[];
  readonly warmUpCalls: ReadonlyMap<string, number>;
  readonly series: readonly Series[];
  readonly targets: readonly Target[];
  readonly skipped: readonly SkippedPeer[];
}

const OURS = 'ours';

const VALUE: Record<Compared, (measurement: Measurement) => number> = {
  callsPerSecond: ({ callsPerSecond }) => callsPerSecond,
  p50: ({ latencyMs }) => latencyMs.p50,
  p99: ({ latencyMs }) => latencyMs.p99,
};

/** One at a time, so much slower than the middle one may the slowest call of a hundred be. */
const STEADY = { concurrency: 1, wanted: { atMost: 3 } };

/** Rounds become medians, ratios and a verdict on each target. */
export function roundTripReport(data: RoundTripData): RoundTripReport {
  const { peers, warmUpCalls, series, targets, skipped } = data;
  const levels = series.map(levelOf);
  const ratios = ratiosOf(series);
  return {
    peers: peers.map(({ name, title }) => ({ name, title, warmUpCalls: warmUpCalls.get(name) ?? 0 })),
    skipped,
    levels,
    ratios,
    targets: [...targets.map((target) => overPeer(target, ratios)), steadiness(levels)],
  };
}

function overPeer({ measure, concurrency, over, wanted }: Target, ratios: readonly Ratio[]): Verdict {
  const ratio = ratios.find((candidate) => candidate.over === over && candidate.concurrency === concurrency);
  return verdict(`${measure} over ${over}, ${atOnce(concurrency)}`, wanted, ratio?.[measure].median);
}

function steadiness(levels: readonly PeerLevel[]): Verdict {
  const { concurrency, wanted } = STEADY;
  const own = levels.find((level) => level.peer === OURS && level.concurrency === concurrency);
  return verdict(`p99 over own p50, ${atOnce(concurrency)}`, wanted, own?.p99OverP50.median);
}

const atOnce = (concurrency: number): string => `${concurrency.toLocaleString('en')} at once`;

function levelOf({ peer, concurrency, rounds }: Series): PeerLevel {
  const spread = (of: (measurement: Measurement) => number): Spread => spreadOf(rounds.map(of));
  const broker = rounds.flatMap(({ cpuPerThousand }) => cpuPerThousand.broker ?? []);
  return {
    peer,
    concurrency,
    callsPerSecond: spread(VALUE.callsPerSecond),
    p50: spread(VALUE.p50),
    p99: spread(VALUE.p99),
    p999: spread(({ latencyMs }) => latencyMs.p999),
    p99OverP50: spread(({ latencyMs }) => latencyMs.p99 / latencyMs.p50),
    cpuPerThousand: {
      client: spread(({ cpuPerThousand }) => cpuPerThousand.client),
      server: spread(({ cpuPerThousand }) => cpuPerThousand.server),
      ...(broker.length > 0 ? { broker: spreadOf(broker) } : {}),
    },
    rounds,
  };
}

function ratiosOf(series: readonly Series[]): Ratio[] {
  return series.flatMap((other) => {
    const own = series.find(({ peer, concurrency }) => peer === OURS && concurrency === other.concurrency);
    if (own === undefined || other.peer === OURS) return [];
    const ratio = (value: (measurement: Measurement) => number): Spread =>
      spreadOf(
        own.rounds.flatMap((measurement, round) => {
          const against = other.rounds[round];
          return against === undefined ? [] : [value(measurement) / value(against)];
        }),
      );
    return [
      {
        over: other.peer,
        concurrency: other.concurrency,
        callsPerSecond: ratio(VALUE.callsPerSecond),
        p50: ratio(VALUE.p50),
        p99: ratio(VALUE.p99),
      },
    ];
  });
}
