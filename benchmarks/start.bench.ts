import type { Benchmark, BenchmarkContext } from './benchmark.js';
import { startBroker, type BenchBroker } from './broker/bench-broker.js';
import { inTurns, ratioOf, type Measures, type Row, type Variant } from './measure/turns.js';
import { createTopics } from './peers/kafka-topics.js';
import { patternOf } from './peers/nest-kafka/options.js';
import type { ClientCommands, ClientSettings, ServerCommands } from './peers/program-commands.js';
import { Child } from './process/child.js';
import { forkedProgram } from './process/forked-program.js';
import type { Chart } from './report/plot/chart.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';

const PEERS = ['ours', 'nest-kafka'] as const;
type PeerName = (typeof PEERS)[number];

const MEASURES = [
  { key: 'processStartMs', heading: 'process start to first answer, ms' },
  { key: 'connectMs', heading: 'connect() to first answer, ms' },
];

/** How soon a client that comes up has its first answer, from a server that was there before. */
export const start: Benchmark = {
  name: 'start',
  title: 'a client comes up: to its first answer from process start, and from connect()',
  run: async (context) => {
    const { options, progress } = context;
    const broker = await startBroker(context.teardown, progress);
    const variants: Variant[] = [];
    for (const peer of PEERS) variants.push(await freshClientsOf(peer, broker, context));
    // The first client of all creates the reply topic.
    for (const { measure } of variants) await measure();
    const rows = await inTurns(variants, options.rounds, progress);
    await publish(context, {
      benchmark: 'start',
      title: start.title,
      broker,
      tables: rowsTable(rows, [{ key: 'peer', heading: 'peer' }], MEASURES),
      data: { rows, oursOverNestKafka: oursOverNestKafka(rows) },
      charts: [startChart(rows)],
    });
  },
};

/** Starts the peer's server; every measurement starts a client process, and ends it. */
async function freshClientsOf(
  peer: PeerName,
  broker: BenchBroker,
  { teardown, progress }: BenchmarkContext,
): Promise<Variant> {
  progress(`Starting the server of ${peer}`);
  const pattern = patternOf(broker);
  if (peer === 'nest-kafka') await createTopics(broker, [pattern, `${pattern}.reply`]);
  const server = new Child<ServerCommands>(`the server of ${peer}`, forkedProgram(programOf(peer, 'server')));
  teardown.add(`the server of ${peer}`, () => server.stop());
  const settings = { ...broker, server: await server.ask('start', broker) };
  return { labels: { peer }, measure: () => comeUp(peer, settings, teardown) };
}

async function comeUp(
  peer: PeerName,
  settings: ClientSettings,
  teardown: BenchmarkContext['teardown'],
): Promise<Measures> {
  const client = new Child<ClientCommands>(`a client of ${peer}`, forkedProgram(programOf(peer, 'client')));
  teardown.add(`a client of ${peer}`, () => client.stop());
  const { sinceProcessStartMs, sinceConnectMs } = await client.ask('start', settings);
  await client.stop();
  return { processStartMs: sinceProcessStartMs, connectMs: sinceConnectMs };
}

const programOf = (peer: PeerName, role: 'client' | 'server'): URL =>
  new URL(`./peers/${peer}/${role}.js`, import.meta.url);

function oursOverNestKafka(rows: readonly Row[]): Record<string, unknown> {
  const [ours, nestKafka] = PEERS.map((peer) => rows.find(({ labels }) => labels.peer === peer));
  if (ours === undefined || nestKafka === undefined) return {};
  return Object.fromEntries(MEASURES.map(({ key }) => [key, ratioOf(ours, nestKafka, key)]));
}

const startChart = (rows: readonly Row[]): Chart => ({
  title: 'To the first answer',
  unit: 'ms',
  kind: 'bars',
  over: 'peer',
  categories: rows.map(({ labels }) => String(labels.peer)),
  series: [
    { name: 'from process start', values: rows.map(({ measures }) => measures.processStartMs) },
    { name: 'from connect()', values: rows.map(({ measures }) => measures.connectMs) },
  ],
});
