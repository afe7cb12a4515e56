import type { Benchmark } from './benchmark.js';
import { startBroker } from './broker/bench-broker.js';
import { startPair, warmUp, type Pair } from './fleet/fleet.js';
import { spreadOf } from './measure/summary.js';
import { inTurns, type Measures } from './measure/turns.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';
import { verdict, verdictLines } from './report/target.js';
import { FaultyNetwork } from '../test/support/faulty-network.js';

/** Each way: a call and its answer pass four of them. */
const DELAYS_MS = [0, 2] as const;
const RATES = [100, 1_000, 5_000] as const;
const TARGET = { delayMs: 2, rate: 1_000, wanted: { atMost: 1.5 } } as const;
/** Several times a measurement of other benchmarks: one slow moment of the machine is not to be the median. */
const SECONDS_FACTOR = 4;

/** Open loop behind a network that takes its time: who waits for others' answers is as slow as several of its ways. */
export const distance: Benchmark = {
  name: 'distance',
  title: 'calls at random times, behind a network that takes milliseconds',
  run: async (context) => {
    const { options, teardown, progress } = context;
    const broker = await startBroker(teardown, progress, { proxied: true });
    const network = await FaultyNetwork.open(broker.routes);
    teardown.add('the network', () => network.close());
    const pair = await startPair({ ...broker, fleet: 'distance' }, context);
    await warmUp(pair.client, { kind: 'sum' }, 100);
    const variants = DELAYS_MS.flatMap((delayMs) =>
      RATES.map((rate) => ({
        labels: { delayMs, rate },
        measure: () => behind(network, delayMs, () => openLoad(pair, rate, options.seconds * SECONDS_FACTOR)),
      })),
    );
    const rows = await inTurns(variants, options.rounds, progress);
    const aimedAt = rows.find(
      ({ labels }) => labels.delayMs === TARGET.delayMs && labels.rate === TARGET.rate,
    );
    const got = spreadOf(aimedAt?.rounds.map(({ p50OverFastest }) => p50OverFastest ?? NaN) ?? [NaN]);
    const target = verdict('p50 over the fastest call, 1,000/s behind 2 ms', TARGET.wanted, got.median);
    await publish(context, {
      benchmark: 'distance',
      title: distance.title,
      broker,
      tables: `${rowsTable(
        rows,
        [
          { key: 'delayMs', heading: 'ms each way' },
          { key: 'rate', heading: 'calls/s' },
        ],
        [
          { key: 'p50Ms', heading: 'p50 ms' },
          { key: 'p99Ms', heading: 'p99 ms' },
          { key: 'fastestMs', heading: 'fastest ms' },
          { key: 'p50OverFastest', heading: 'p50 / fastest' },
        ],
      )}\n${verdictLines([target])}`,
      data: { rows, targets: [target] },
      charts: [
        {
          title: 'p50 over the fastest call',
          unit: 'times',
          kind: 'lines',
          over: 'calls/s',
          categories: RATES.map((rate) => rate.toLocaleString('en')),
          series: DELAYS_MS.map((delayMs) => ({
            name: `${delayMs} ms each way`,
            values: rows
              .filter(({ labels }) => labels.delayMs === delayMs)
              .map(({ measures }) => measures.p50OverFastest),
          })),
        },
      ],
    });
  },
};

async function behind<T>(network: FaultyNetwork, delayMs: number, work: () => Promise<T>): Promise<T> {
  network.delayMs = delayMs;
  try {
    return await work();
  } finally {
    network.delayMs = 0;
  }
}

/** Fails when a call does: nothing is lost. */
async function openLoad({ client }: Pair, callsPerSecond: number, seconds: number): Promise<Measures> {
  const load = { callsPerSecond, seconds, callers: 1, isPoisson: true };
  const { latency, fastestMs } = await client.ask('runOpen', { work: { kind: 'sum' }, load });
  return { p50Ms: latency.p50, p99Ms: latency.p99, fastestMs, p50OverFastest: latency.p50 / fastestMs };
}
