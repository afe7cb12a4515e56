import type { Benchmark, BenchmarkContext } from './benchmark.js';
import { startBroker } from './broker/bench-broker.js';
import type { LegsClientCommands, LegsServerCommands } from './legs/commands.js';
import { ACKNOWLEDGEMENT, journeysOf, LEGS, legRows, WHOLE, type Journey } from './legs/road.js';
import { idleStatesOff } from './measure/idle-states.js';
import { runIn, type Load } from './measure/load.js';
import type { Row } from './measure/turns.js';
import { warmUp } from './measure/warm-up.js';
import { Child } from './process/child.js';
import { forkedProgram } from './process/forked-program.js';
import type { Chart } from './report/plot/chart.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';

interface Programs {
  readonly client: Child<LegsClientCommands>;
  readonly server: Child<LegsServerCommands>;
}

const COLUMNS = [
  { key: 'p50Micros', heading: 'p50 µs' },
  { key: 'p99Micros', heading: 'p99 µs' },
];

/** One call at a time, and where its time goes. */
export const legs: Benchmark = {
  name: 'legs',
  title: 'where the time of one call goes, from leg to leg of its road',
  run: async (context) => {
    const { options, progress, teardown } = context;
    const broker = await startBroker(teardown, progress);
    const programs = startPrograms(context);
    const settings = { ...broker, fleet: 'legs' };
    await programs.server.ask('start', settings);
    await programs.client.ask('start', settings);
    const handle = { run: (load: Load) => programs.client.ask('warmUp', load) };
    await warmUp([{ name: 'ours', handle }], context);
    const idleStates = await idleStatesOff(context);
    const rounds: (readonly Journey[])[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      const journeys = await travel(programs, options.seconds);
      rounds.push(journeys);
      progress(`round ${round}/${options.rounds}  ${journeys.length.toLocaleString('en')} calls`);
    }
    const rows = legRows([...LEGS, WHOLE, ACKNOWLEDGEMENT], rounds);
    await publish(context, {
      benchmark: 'legs',
      title: legs.title,
      broker,
      tables: `Idle states of the processor: ${idleStates}\n\n${rowsTable(rows, [{ key: 'leg', heading: 'leg' }], COLUMNS)}`,
      data: { idleStates, calls: rounds.map(({ length }) => length), rows },
      charts: [legsChart(rows.slice(0, LEGS.length))],
    });
  },
};

function startPrograms({ teardown }: BenchmarkContext): Programs {
  const server = new Child<LegsServerCommands>('the server of legs', program('server'));
  teardown.add('the server of legs', () => server.stop());
  const client = new Child<LegsClientCommands>('the client of legs', program('client'));
  teardown.add('the client of legs', () => client.stop());
  return { server, client };
}

const program = (role: 'client' | 'server') => forkedProgram(new URL(`./legs/${role}.js`, import.meta.url));

async function travel({ client, server }: Programs, seconds: number): Promise<readonly Journey[]> {
  await client.ask('run', runIn({ seconds, concurrency: 1 }));
  await server.ask('passages', null);
  const sent = await client.ask('run', { seconds });
  return journeysOf(sent, await server.ask('passages', null));
}

const legsChart = (rows: readonly Row[]): Chart => ({
  title: 'One call at a time',
  unit: 'µs',
  kind: 'bars',
  over: 'leg',
  categories: rows.map(({ labels }) => String(labels.leg)),
  series: [
    { name: 'p50', values: rows.map(({ measures }) => measures.p50Micros) },
    { name: 'p99', values: rows.map(({ measures }) => measures.p99Micros) },
  ],
});
