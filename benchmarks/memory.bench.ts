import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, BenchmarkContext } from './benchmark.js';
import { startBroker, type BenchBroker } from './broker/bench-broker.js';
import { startPair, warmUp, type Pair } from './fleet/fleet.js';
import { inTurns, progressLine, rowOf, type Measures, type Row } from './measure/turns.js';
import type { Chart } from './report/plot/chart.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';
import { verdict, verdictLines, type Verdict } from './report/target.js';

const OPEN_CALLS = { full: 20_000, quick: 5_000 };
const ALL_CALLS = { full: 2_000_000, quick: 50_000 };
const STEPS = 10;
/** A million calls: by then heaps have grown to what they need, and what comes after is to be flat. */
const GROWN_AFTER_STEPS = STEPS / 2;
const AT_ONCE = 100;

const OPEN_CALL_BYTES = 1_024;
/** The most in the second half of all calls over the most in the first: sizes go up and down with V8's collections. */
const FLAT = 1.1;

/** What an open call holds, and whether answered ones leave anything behind. */
export const memory: Benchmark = {
  name: 'memory',
  title: 'memory of an open call, and of processes through two million calls',
  run: async (context) => {
    const broker = await startBroker(context.teardown, context.progress);
    const open = await openCalls(broker, context);
    const steps = await manyCalls(broker, context);
    const targets = [openCallVerdict(open), ...flatVerdicts(steps)];
    const tables = [
      rowsTable([open], [{ key: 'openCalls', heading: 'open calls' }], OPEN_COLUMNS),
      rowsTable(steps, [{ key: 'calls', heading: 'calls made' }], RESIDENT_COLUMNS),
      verdictLines(targets),
    ];
    await publish(context, {
      benchmark: 'memory',
      title: memory.title,
      broker,
      tables: tables.join('\n'),
      data: { openCalls: open, residentSize: steps, targets },
      charts: [openChart(open), residentChart(steps)],
    });
  },
};

const OPEN_COLUMNS = [
  { key: 'clientBytesPerCall', heading: 'client, bytes a call' },
  { key: 'serverBytesPerCall', heading: 'server, bytes a call' },
];
const RESIDENT_COLUMNS = [
  { key: 'clientResidentMiB', heading: 'client, MiB resident' },
  { key: 'serverResidentMiB', heading: 'server, MiB resident' },
];

/** All calls at once in the hands of handlers that do not answer; heaps after full collections, before and during. */
async function openCalls(broker: BenchBroker, context: BenchmarkContext): Promise<Row> {
  const { options, progress } = context;
  const calls = options.quick ? OPEN_CALLS.quick : OPEN_CALLS.full;
  const settings = { ...broker, fleet: 'open', openCalls: calls };
  const pair = await startPair(settings, context, { nodeFlags: ['--expose-gc'] });
  await warmUp(pair.client, { kind: 'sum' }, AT_ONCE);
  // The first time, heaps grow by what stays: compiled code, buffers of connections.
  await openOnce(pair, calls);
  const variant = { labels: { openCalls: calls }, measure: () => openOnce(pair, calls) };
  const [row] = await inTurns([variant], options.rounds, progress);
  await Promise.all([pair.client.stop(), pair.server.stop()]);
  return row as Row;
}

async function openOnce({ client, server }: Pair, calls: number): Promise<Measures> {
  const clientBefore = await client.ask('memory', null);
  const serverBefore = await server.ask('memory', null);
  await client.ask('hold', calls);
  while ((await server.ask('heldCalls', null)) < calls) await sleep(50);
  // Acknowledgements and commits of the last requests may still be on their way.
  await sleep(500);
  const clientDuring = await client.ask('memory', null);
  const serverDuring = await server.ask('memory', null);
  await server.ask('release', null);
  await client.ask('released', null);
  return {
    clientBytesPerCall: (clientDuring.heapBytes - clientBefore.heapBytes) / calls,
    serverBytesPerCall: (serverDuring.heapBytes - serverBefore.heapBytes) / calls,
  };
}

/** Processes as anybody starts them: nothing is collected but when V8 sees fit. */
async function manyCalls(broker: BenchBroker, context: BenchmarkContext): Promise<Row[]> {
  const { client, server } = await startPair({ ...broker, fleet: 'many' }, context);
  const all = context.options.quick ? ALL_CALLS.quick : ALL_CALLS.full;
  const load = { concurrency: AT_ONCE, seconds: 3_600, calls: all / STEPS };
  const rows: Row[] = [];
  for (let step = 1; step <= STEPS; step += 1) {
    await client.ask('run', { work: { kind: 'sum' }, load });
    const labels = { calls: (all / STEPS) * step };
    const measures = {
      clientResidentMiB: (await client.ask('memory', null)).residentBytes / 2 ** 20,
      serverResidentMiB: (await server.ask('memory', null)).residentBytes / 2 ** 20,
    };
    rows.push(rowOf(labels, [measures]));
    context.progress(progressLine(`step ${step}/${STEPS}`, labels, measures));
  }
  return rows;
}

const openCallVerdict = (open: Row): Verdict =>
  verdict(
    'bytes of an open call in the client',
    { under: OPEN_CALL_BYTES },
    open.measures.clientBytesPerCall?.median,
  );

const flatVerdicts = (steps: readonly Row[]): Verdict[] =>
  (['client', 'server'] as const).map((role) => {
    const sizes = steps.map(({ measures }) => measures[`${role}ResidentMiB`]?.median ?? NaN);
    const [grown, after] = [sizes.slice(0, GROWN_AFTER_STEPS), sizes.slice(GROWN_AFTER_STEPS)];
    const name = `most resident of the ${role} in the second half of all calls over that in the first`;
    return verdict(name, { atMost: FLAT }, Math.max(...after) / Math.max(...grown));
  });

const openChart = ({ labels, measures }: Row): Chart => ({
  title: `An open call, of ${labels.openCalls?.toLocaleString('en')}`,
  unit: 'bytes of heap a call',
  kind: 'bars',
  over: 'process',
  categories: ['client', 'server'],
  series: [{ name: 'bytes', values: [measures.clientBytesPerCall, measures.serverBytesPerCall] }],
});

const residentChart = (steps: readonly Row[]): Chart => ({
  title: 'Resident size while calls are made',
  unit: 'MiB',
  kind: 'lines',
  over: 'calls made',
  categories: steps.map(({ labels }) => labels.calls?.toLocaleString('en') ?? ''),
  series: (['client', 'server'] as const).map((role) => ({
    name: role,
    values: steps.map(({ measures }) => measures[`${role}ResidentMiB`]),
  })),
});
