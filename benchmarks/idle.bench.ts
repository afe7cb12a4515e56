import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, BenchmarkContext } from './benchmark.js';
import { startBroker } from './broker/bench-broker.js';
import { startPair, warmUp, type Pair } from './fleet/fleet.js';
import { cpuSecondsOf } from './measure/cpu.js';
import { progressLine, rowOf, type Measures } from './measure/turns.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';
import { verdict, verdictLines } from './report/target.js';

/** A minute in all. */
const WINDOWS = { full: { count: 6, seconds: 10 }, quick: { count: 3, seconds: 3 } };
/** After its last call, a process still collects and compiles. */
const SETTLE_MS = { full: 10_000, quick: 2_000 };

/** Of one core, client and server together. */
const IDLE_PERCENT = 1;

const COLUMNS = [
  { key: 'clientPercent', heading: 'client, % of a core' },
  { key: 'serverPercent', heading: 'server' },
  { key: 'togetherPercent', heading: 'together' },
  { key: 'brokerPercent', heading: 'broker' },
];

/** What it costs to be connected and silent. */
export const idle: Benchmark = {
  name: 'idle',
  title: 'CPU time of a connected, silent client and server',
  run: async (context) => {
    const { options, teardown, progress } = context;
    const size = options.quick ? 'quick' : 'full';
    const broker = await startBroker(teardown, progress);
    const pair = await startPair({ ...broker, fleet: 'idle' }, context);
    await warmUp(pair.client, { kind: 'sum' }, 100);
    await sleep(SETTLE_MS[size]);
    const windows = await watch(pair, broker.pid, WINDOWS[size], context);
    const row = rowOf({ silent: 'a client and a server' }, windows);
    const together = row.measures.togetherPercent;
    const name = 'CPU time of client and server together, in % of a core';
    const targets = [verdict(name, { under: IDLE_PERCENT }, together?.median)];
    await publish(context, {
      benchmark: 'idle',
      title: idle.title,
      broker,
      tables: `${rowsTable([row], [{ key: 'silent', heading: 'silent' }], COLUMNS)}\n${verdictLines(targets)}`,
      data: { windowSeconds: WINDOWS[size].seconds, ...row, targets },
      charts: [
        {
          title: 'Connected and silent',
          unit: '% of a core',
          kind: 'bars',
          over: 'process',
          categories: ['client', 'server', 'together'],
          series: [
            {
              name: 'CPU time',
              values: [row.measures.clientPercent, row.measures.serverPercent, together],
            },
          ],
        },
      ],
    });
  },
};

async function watch(
  { client, server }: Pair,
  brokerPid: number | undefined,
  { count, seconds }: { readonly count: number; readonly seconds: number },
  { progress }: BenchmarkContext,
): Promise<Measures[]> {
  const spent = async (): Promise<readonly (number | undefined)[]> =>
    Promise.all([client.ask('cpuSeconds', null), server.ask('cpuSeconds', null), cpuSecondsOf(brokerPid)]);
  const windows: Measures[] = [];
  for (let at = 1; at <= count; at += 1) {
    const before = await spent();
    await sleep(seconds * 1_000);
    const after = await spent();
    const percent = before.map(
      (value, process) => (((after[process] ?? NaN) - (value ?? NaN)) / seconds) * 100,
    );
    const [clientPercent = NaN, serverPercent = NaN, brokerPercent = NaN] = percent;
    const measures = {
      clientPercent,
      serverPercent,
      togetherPercent: clientPercent + serverPercent,
      ...(Number.isNaN(brokerPercent) ? {} : { brokerPercent }),
    };
    windows.push(measures);
    progress(progressLine(`${at * seconds} of ${count * seconds} s`, {}, measures));
  }
  return windows;
}
