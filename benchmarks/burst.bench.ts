import type { Benchmark, BenchmarkContext } from './benchmark.js';
import { startBroker, type BenchBroker } from './broker/bench-broker.js';
import type { Work } from './fleet/commands.js';
import { runBehindRunIn, startPair, warmUp, type FleetClient } from './fleet/fleet.js';
import { inTurns, withRatio, type Measures, type Variant } from './measure/turns.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';

const AT_ONCE = 1_000;
/** More calls at once than are made between two of V8's young collections. */
const BURST = { concurrency: 5_000, seconds: { full: 5, quick: 1 } };

interface Way {
  readonly name: string;
  readonly by: 'send' | 'call';
  readonly beginsWithBurst: boolean;
  readonly nodeFlags: readonly string[];
}

const WAYS: readonly Way[] = [
  { name: 'send(), begins calmly', by: 'send', beginsWithBurst: false, nodeFlags: [] },
  { name: 'send()', by: 'send', beginsWithBurst: true, nodeFlags: [] },
  { name: 'call()', by: 'call', beginsWithBurst: true, nodeFlags: [] },
  {
    name: 'send(), no pretenuring',
    by: 'send',
    beginsWithBurst: true,
    nodeFlags: ['--no-allocation-site-pretenuring'],
  },
];

/** What a burst at the beginning leaves behind: V8 may make what calls hold among old objects from then on (docs/performance.md). */
export const burst: Benchmark = {
  name: 'burst',
  title: 'a client that begins with a burst of calls: by send(), by call(), and without V8’s pretenuring',
  run: async (context) => {
    const { options, teardown, progress } = context;
    const broker = await startBroker(teardown, progress);
    const variants: Variant[] = [];
    for (const way of WAYS) variants.push(await startWay(way, broker, context));
    const rows = await inTurns(variants, options.rounds, progress);
    const withRatios = rows.map((row) => withRatio(row, rows[0]!, 'overCalm'));
    await publish(context, {
      benchmark: 'burst',
      title: burst.title,
      broker,
      tables: rowsTable(
        withRatios,
        [{ key: 'way', heading: 'begins with a burst' }],
        [
          { key: 'callsPerSecond', heading: 'calls/s' },
          { key: 'overCalm', heading: 'over a calm begin' },
          { key: 'clientCpuMicros', heading: 'client, µs of CPU a call' },
        ],
      ),
      data: { atOnce: AT_ONCE, burst: BURST.concurrency, rows: withRatios },
      charts: [
        {
          title: '1,000 at once',
          unit: 'µs of CPU a call, in the client',
          kind: 'bars',
          over: 'way',
          categories: rows.map(({ labels }) => String(labels.way)),
          series: [{ name: 'CPU time', values: rows.map(({ measures }) => measures.clientCpuMicros) }],
        },
      ],
    });
  },
};

async function startWay(
  { name, by, beginsWithBurst, nodeFlags }: Way,
  broker: BenchBroker,
  context: BenchmarkContext,
): Promise<Variant> {
  const { options, progress } = context;
  progress(`Starting a server and a client, ${name}`);
  const work: Work = { kind: 'sum', by };
  const settings = { ...broker, fleet: `way-${WAYS.findIndex((way) => way.name === name)}` };
  const { client } = await startPair(settings, context, { nodeFlags });
  // V8 decides once: what has been calm at first stays as it is through later bursts.
  if (beginsWithBurst) {
    const seconds = BURST.seconds[options.quick ? 'quick' : 'full'];
    await client.ask('run', { work, load: { concurrency: BURST.concurrency, seconds } });
  }
  await warmUp(client, work, AT_ONCE);
  return { labels: { way: name }, measure: () => measure(client, work, options.seconds) };
}

async function measure(client: FleetClient, work: Work, seconds: number): Promise<Measures> {
  const load = { concurrency: AT_ONCE, seconds };
  const { calls, callsPerSecond, clientCpuSeconds } = await runBehindRunIn(client, work, load);
  return { callsPerSecond, clientCpuMicros: (clientCpuSeconds / calls) * 1e6 };
}
