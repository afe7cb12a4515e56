import type { Measurement, Series } from '../measure/rounds.js';
import { spreadOf, type Spread } from '../measure/summary.js';
import type { Peer } from '../peers/peer.js';

/** What is compared between two peers. */
export type Compared = 'callsPerSecond' | 'p50' | 'p99';

/** A ratio of this package over another peer that the run is to show. */
export interface Target {
  readonly measure: Compared;
  readonly concurrency: number;
  readonly over: string;
  readonly wanted: { readonly atLeast: number } | { readonly under: number };
}

export interface PeerLevel {
  readonly peer: string;
  readonly concurrency: number;
  readonly callsPerSecond: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
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
  readonly levels: readonly PeerLevel[];
  readonly ratios: readonly Ratio[];
  readonly targets: readonly (Target & { readonly got: number; readonly isMet: boolean })[];
}

export interface RoundTripData {
  readonly peers: readonly Peer[];
  readonly warmUpCalls: ReadonlyMap<string, number>;
  readonly series: readonly Series[];
  readonly targets: readonly Target[];
}

const OURS = 'ours';

const VALUE: Record<Compared, (measurement: Measurement) => number> = {
  callsPerSecond: ({ callsPerSecond }) => callsPerSecond,
  p50: ({ latencyMs }) => latencyMs.p50,
  p99: ({ latencyMs }) => latencyMs.p99,
};

/** Rounds become medians, ratios and a verdict on each target that was measured. */
export function roundTripReport({ peers, warmUpCalls, series, targets }: RoundTripData): RoundTripReport {
  const ratios = ratiosOf(series);
  return {
    peers: peers.map(({ name, title }) => ({ name, title, warmUpCalls: warmUpCalls.get(name) ?? 0 })),
    levels: series.map(levelOf),
    ratios,
    targets: targets.flatMap((target) => {
      const ratio = ratios.find(
        ({ over, concurrency }) => over === target.over && concurrency === target.concurrency,
      );
      if (ratio === undefined) return [];
      const got = ratio[target.measure].median;
      return [{ ...target, got, isMet: isMet(target, got) }];
    }),
  };
}

function levelOf({ peer, concurrency, rounds }: Series): PeerLevel {
  const spread = (of: (measurement: Measurement) => number): Spread => spreadOf(rounds.map(of));
  const broker = rounds.flatMap(({ cpuPerThousand }) => cpuPerThousand.broker ?? []);
  return {
    peer,
    concurrency,
    callsPerSecond: spread(VALUE.callsPerSecond),
    p50: spread(VALUE.p50),
    p99: spread(VALUE.p99),
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

const isMet = ({ wanted }: Target, got: number): boolean =>
  'atLeast' in wanted ? got >= wanted.atLeast : got < wanted.under;
