import type { Benchmark } from './benchmark.js';
import { startBroker } from './broker/bench-broker.js';
import { startPair } from './fleet/fleet.js';
import { progressLine, rowOf, type Measures, type Row } from './measure/turns.js';
import { slopeOf } from './measure/slope.js';
import type { Chart } from './report/plot/chart.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';
import { verdict, verdictLines, type Verdict } from './report/target.js';
import { Churn } from './soak/churn.js';
import { CALLS_PER_SECOND, mixedLoad } from './soak/mixed-load.js';

/** Between two looks at the processes that stay. */
const STEP_SECONDS = { full: 15, quick: 3 };
/** Longer than the session of a server that is killed. */
const TIMEOUT_MS = 60_000;
/** The part of all steps in which heaps grow to what they need. */
const WARM_UP = 1 / 3;
const MOST_MIB_PER_HOUR = 8;
const HOUR_MINUTES = 60;

const COLUMNS = (['client', 'server'] as const).flatMap((role) => [
  { key: `${role}ResidentMiB`, heading: `${role}, MiB resident` },
  { key: `${role}HeapMiB`, heading: `${role}, MiB reachable` },
]);

/** Whether a server and a client that stay grow while others come, go and are killed beside them. */
export const soak: Benchmark = {
  name: 'soak',
  title: `half an hour at ${CALLS_PER_SECOND} calls/s with all stages, while clients and servers come and go`,
  run: async (context) => {
    const { options, progress, teardown } = context;
    const broker = await startBroker(teardown, progress);
    const settings = { ...broker, fleet: 'soak', stages: 'all', timeoutMs: TIMEOUT_MS } as const;
    const { client, server } = await startPair(settings, context, { nodeFlags: ['--expose-gc'] });
    const churn = new Churn(settings, context);
    const seconds = STEP_SECONDS[options.quick ? 'quick' : 'full'];
    const steps: Row[] = [];
    for (let at = 1; at <= Math.ceil((options.minutes * 60) / seconds); at += 1) {
      await Promise.all([mixedLoad(client, seconds), churn.step(at)]);
      const [ofClient, ofServer] = [await client.ask('memory', null), await server.ask('memory', null)];
      const measures = { ...sizes('client', ofClient), ...sizes('server', ofServer) };
      const labels = { minute: Number(((at * seconds) / 60).toFixed(2)) };
      steps.push(rowOf(labels, [measures]));
      progress(progressLine(`step ${at}`, labels, measures));
    }
    await churn.end();
    const targets = slopes(steps);
    await publish(context, {
      benchmark: 'soak',
      title: soak.title,
      broker,
      tables: [
        rowsTable(steps, [{ key: 'minute', heading: 'minute' }], COLUMNS),
        `${churn.summary}\n`,
        verdictLines(targets),
      ].join('\n'),
      data: { steps, churn: churn.counts, targets },
      charts: [chartOf(steps)],
    });
  },
};

const sizes = (
  role: string,
  { residentBytes, heapBytes }: { readonly residentBytes: number; readonly heapBytes: number },
): Measures => ({
  [`${role}ResidentMiB`]: residentBytes / 2 ** 20,
  [`${role}HeapMiB`]: heapBytes / 2 ** 20,
});

const slopes = (steps: readonly Row[]): Verdict[] => {
  const warm = steps.slice(Math.floor(steps.length * WARM_UP));
  return COLUMNS.map(({ key, heading }) => {
    const points = warm.map(({ labels, measures }) => ({
      x: Number(labels.minute) / HOUR_MINUTES,
      y: measures[key]?.median ?? NaN,
    }));
    return verdict(`growth an hour of the ${heading}`, { under: MOST_MIB_PER_HOUR }, slopeOf(points));
  });
};

const chartOf = (steps: readonly Row[]): Chart => ({
  title: 'Behind full collections, while calls are made and processes come and go',
  unit: 'MiB',
  kind: 'lines',
  over: 'minutes',
  categories: steps.map(({ labels }) => String(labels.minute)),
  series: COLUMNS.map(({ key, heading }) => ({
    name: heading,
    values: steps.map(({ measures }) => measures[key]),
  })),
});
