import type { Benchmark, BenchmarkContext } from './benchmark.js';
import { startBroker, type BenchBroker } from './broker/bench-broker.js';
import { runBehindRunIn, startPair, warmUp, type FleetClient } from './fleet/fleet.js';
import type { Stages } from './fleet/settings.js';
import { inTurns, withRatio, type Row, type Variant } from './measure/turns.js';
import type { Chart } from './report/plot/chart.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';
import { verdict, verdictLines, type Verdict } from './report/target.js';

const STAGES: readonly Stages[] = ['plain', 'compression', 'encryption', 'verification', 'all'];

const KIB = 1024;
const SIZES = [
  { size: '100 B', bytes: 100 },
  { size: '1 KB', bytes: KIB },
  { size: '10 KB', bytes: 10 * KIB },
  { size: '64 KB', bytes: 64 * KIB },
  { size: '512 KB', bytes: 512 * KIB },
] as const;
const MOST_AT_ONCE = 1_000;
/** Of all calls together: beyond it, queues are measured, not stages. */
const MOST_BYTES_AT_ONCE = 8 * KIB * KIB;

/** Of plain calls/s at 1 KB, what all three stages together are to keep. */
const ALL_OVER_PLAIN = 0.7;

/** A text there and back: what its size costs, and what each wire stage does. */
export const payload: Benchmark = {
  name: 'payload',
  title: 'payloads from 100 B to 512 KB, plain and with each wire stage',
  run: async (context) => {
    const broker = await startBroker(context.teardown, context.progress);
    const clients = await startFleets(broker, context);
    const rows: Row[] = [];
    for (const { size, bytes } of SIZES) {
      const variants = STAGES.map((stages) =>
        variantOf({ size, bytes, stages }, clients.get(stages)!, context.options.seconds),
      );
      rows.push(...(await inTurns(variants, context.options.rounds, context.progress)));
    }
    const withRatios = rows.map((row) => overPlain(row, rows));
    const targets = [keptAtOneKilobyte(withRatios)];
    await publish(context, {
      benchmark: 'payload',
      title: payload.title,
      broker,
      tables: `${payloadTable(withRatios)}\n${verdictLines(targets)}`,
      data: { rows: withRatios, targets },
      charts: payloadCharts(withRatios),
    });
  },
};

async function startFleets(
  broker: BenchBroker,
  context: BenchmarkContext,
): Promise<ReadonlyMap<Stages, FleetClient>> {
  const clients = new Map<Stages, FleetClient>();
  for (const stages of STAGES) {
    context.progress(`Starting a server and a client, ${stages}`);
    const { client } = await startPair({ ...broker, fleet: stages, stages }, context);
    await warmUp(client, { kind: 'echo', bytes: KIB }, MOST_AT_ONCE);
    clients.set(stages, client);
  }
  return clients;
}

function variantOf(
  { size, bytes, stages }: { readonly size: string; readonly bytes: number; readonly stages: Stages },
  client: FleetClient,
  seconds: number,
): Variant {
  const concurrency = Math.min(MOST_AT_ONCE, Math.floor(MOST_BYTES_AT_ONCE / bytes));
  return {
    labels: { size, bytes, stages, atOnce: concurrency },
    measure: async () => {
      const work = { kind: 'echo', bytes } as const;
      const load = { concurrency, seconds };
      const { callsPerSecond, latency } = await runBehindRunIn(client, work, load);
      return { callsPerSecond, megabytesPerSecond: (callsPerSecond * bytes) / 1e6, p50Ms: latency.p50 };
    },
  };
}

function overPlain(row: Row, rows: readonly Row[]): Row {
  const plain = rows.find(({ labels }) => labels.size === row.labels.size && labels.stages === 'plain');
  if (plain === undefined || plain === row) return row;
  return withRatio(row, plain, 'overPlain');
}

function keptAtOneKilobyte(rows: readonly Row[]): Verdict {
  const row = rows.find(({ labels }) => labels.bytes === KIB && labels.stages === 'all');
  const name = `calls/s with all three stages over plain, 1 KB, ${MOST_AT_ONCE.toLocaleString('en')} at once`;
  return verdict(name, { atLeast: ALL_OVER_PLAIN }, row?.measures.overPlain?.median);
}

const payloadTable = (rows: readonly Row[]): string =>
  rowsTable(
    rows,
    [
      { key: 'size', heading: 'payload' },
      { key: 'stages', heading: 'stages' },
      { key: 'atOnce', heading: 'at once' },
    ],
    [
      { key: 'callsPerSecond', heading: 'calls/s' },
      { key: 'megabytesPerSecond', heading: 'MB/s each way' },
      { key: 'overPlain', heading: 'over plain' },
    ],
  );

const payloadCharts = (rows: readonly Row[]): readonly Chart[] => [
  overSizes(rows, { title: 'Throughput', unit: 'calls/s', key: 'callsPerSecond', isLogarithmic: true }),
  overSizes(rows, {
    title: 'Bytes',
    unit: 'MB/s of payload, each way',
    key: 'megabytesPerSecond',
    isLogarithmic: true,
  }),
  overSizes(rows, { title: 'What stages keep of it', unit: 'calls/s over plain', key: 'overPlain' }),
];

function overSizes(
  rows: readonly Row[],
  { key, ...chart }: Pick<Chart, 'title' | 'unit' | 'isLogarithmic'> & { readonly key: string },
): Chart {
  return {
    ...chart,
    kind: 'lines',
    over: 'payload',
    categories: SIZES.map(({ size }) => size),
    series: STAGES.map((stages) => ({
      name: stages,
      values: SIZES.map(
        ({ size }) =>
          rows.find(({ labels }) => labels.size === size && labels.stages === stages)?.measures[key],
      ),
    })),
  };
}
