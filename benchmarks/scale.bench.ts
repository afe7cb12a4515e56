import type { Benchmark } from './benchmark.js';
import { startBroker } from './broker/bench-broker.js';
import { ratioOf, type Row } from './measure/turns.js';
import type { Chart } from './report/plot/chart.js';
import { publish } from './report/publish.js';
import { rowsTable, type Column } from './report/rows.js';
import { verdict, verdictLines, type Verdict } from './report/target.js';
import { CLIENTS, fleetsOfAllSizes } from './scale/fleets-of-all-sizes.js';
import { fleetsAtRest } from './scale/fleets-at-rest.js';
import { replyPartitions, requestPartitions } from './scale/partition-counts.js';
import { sharesOfThePeak } from './scale/shares-of-the-peak.js';

/** The peak of fifty clients over one client's, with one server. */
const FIFTY_OVER_ONE = 0.8;
/** Calls/s with one reply partition for ten clients over ten partitions: sharing costs less than a fifth. */
const SHARED_OVER_APART = 0.8;

const RATE: Column = { key: 'callsPerSecond', heading: 'calls/s' };

/** What more servers, more clients and more load make of it. */
export const scale: Benchmark = {
  name: 'scale',
  title: 'one to four servers, one to fifty clients, and load up to the peak',
  run: async (context) => {
    const broker = await startBroker(context.teardown, context.progress);
    const sizes = await fleetsOfAllSizes(broker, context);
    const replies = await replyPartitions(broker, context);
    const requests = await requestPartitions(broker, context);
    const shares = await sharesOfThePeak(broker, context);
    const atRest = await fleetsAtRest(broker, context);
    const targets = [fiftyOverOne(sizes), sharedOverApart(replies)];
    const tables = [
      rowsTable(
        sizes,
        columns({ servers: 'servers', clients: 'clients' }),
        columns({
          callsPerSecond: 'peak calls/s',
          at1000: '1,000 at once',
          at5000: '5,000 at once',
          at10000: '10,000 at once',
        }),
      ),
      rowsTable(replies, columns({ replyPartitions: 'reply partitions', clients: 'clients' }), [RATE]),
      rowsTable(requests, columns({ requestPartitions: 'request partitions' }), [RATE]),
      rowsTable(
        shares,
        columns({ load: 'load, of the peak' }),
        columns({
          offered: 'offered/s',
          callsPerSecond: 'answered/s',
          p50Ms: 'p50 ms',
          p99Ms: 'p99 ms',
          p999Ms: 'p99.9 ms',
        }),
      ),
      rowsTable(
        atRest,
        columns({ servers: 'servers', clients: 'clients' }),
        columns({
          fetchesPerSecond: 'at rest: fetches/s',
          heartbeatsPerSecond: 'heartbeats/s',
          othersPerSecond: 'other requests/s',
          connections: 'connections',
          brokerPercent: 'broker, % of a core',
        }),
      ),
      verdictLines(targets),
    ];
    await publish(context, {
      benchmark: 'scale',
      title: scale.title,
      broker,
      tables: tables.join('\n'),
      data: {
        fleets: sizes,
        replyPartitions: replies,
        requestPartitions: requests,
        openLoop: shares,
        atRest,
        targets,
      },
      charts: [
        sizesChart(sizes),
        partitionsChart('Ten clients, one server', 'replyPartitions', replies),
        partitionsChart('One client, one server', 'requestPartitions', requests),
        sharesChart(shares),
      ],
    });
  },
};

const columns = (headings: Readonly<Record<string, string>>): Column[] =>
  Object.entries(headings).map(([key, heading]) => ({ key, heading }));

function fiftyOverOne(rows: readonly Row[]): Verdict {
  const of = (clients: number): Row | undefined =>
    rows.find(({ labels }) => labels.servers === 1 && labels.clients === clients);
  return verdict(
    'peak calls/s of 50 clients over one, one server',
    { atLeast: FIFTY_OVER_ONE },
    ratio(of(50), of(1)),
  );
}

function sharedOverApart(rows: readonly Row[]): Verdict {
  const of = (partitions: number): Row | undefined =>
    rows.find(({ labels }) => labels.replyPartitions === partitions);
  const name = 'calls/s of 10 clients on one reply partition over ten partitions';
  return verdict(name, { atLeast: SHARED_OVER_APART }, ratio(of(1), of(10)));
}

const ratio = (row: Row | undefined, base: Row | undefined): number | undefined =>
  row && base && ratioOf(row, base, 'callsPerSecond').median;

function sizesChart(rows: readonly Row[]): Chart {
  const servers = [...new Set(rows.map(({ labels }) => labels.servers))];
  return {
    title: 'Peak: the best of 1,000, 5,000 and 10,000 calls at once in all',
    unit: 'calls/s',
    kind: 'lines',
    over: 'servers',
    categories: servers.map(String),
    series: CLIENTS.map((clients) => ({
      name: clients === 1 ? 'one client' : `${clients} clients`,
      values: servers.map(
        (count) =>
          rows.find(({ labels }) => labels.servers === count && labels.clients === clients)?.measures
            .callsPerSecond,
      ),
    })),
  };
}

function partitionsChart(
  title: string,
  count: 'replyPartitions' | 'requestPartitions',
  rows: readonly Row[],
): Chart {
  const noun = count === 'replyPartitions' ? 'reply partition' : 'request partition';
  return {
    title,
    unit: 'calls/s',
    kind: 'bars',
    over: `${noun}s`,
    categories: rows.map(({ labels }) => `${labels[count]} ${noun}${labels[count] === 1 ? '' : 's'}`),
    series: [{ name: 'calls/s', values: rows.map(({ measures }) => measures.callsPerSecond) }],
  };
}

const sharesChart = (rows: readonly Row[]): Chart => ({
  title: 'Latency at a fixed rate, from the time at which a call was to be sent',
  unit: 'ms',
  kind: 'lines',
  over: 'load, of the peak',
  categories: rows.map(({ labels }) => String(labels.load)),
  isLogarithmic: true,
  series: [
    { name: 'p50', values: rows.map(({ measures }) => measures.p50Ms) },
    { name: 'p99', values: rows.map(({ measures }) => measures.p99Ms) },
    { name: 'p99.9', values: rows.map(({ measures }) => measures.p999Ms) },
  ],
});
