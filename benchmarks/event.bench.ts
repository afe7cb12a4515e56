import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import { startBroker } from './broker/bench-broker.js';
import { startPair, warmUp, type Pair } from './fleet/fleet.js';
import { inTurns, type Measures } from './measure/turns.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';

/** How many emits wait for the broker's acknowledgement at once. */
const AT_ONCE = [1, 100, 1_000] as const;
const LOOK_EVERY_MS = 5;
const GIVE_UP_AFTER_MS = 30_000;

/** Events: acknowledged by the broker, and handled by the server. */
export const event: Benchmark = {
  name: 'event',
  title: 'events, emitted and handled',
  run: async (context) => {
    const { options, teardown, progress } = context;
    const broker = await startBroker(teardown, progress);
    const pair = await startPair({ ...broker, fleet: 'event' }, context);
    await warmUp(pair.client, { kind: 'emit' }, 100);
    const variants = AT_ONCE.map((emits) => ({
      labels: { emits },
      measure: () => emitAndHandle(pair, emits, options.seconds),
    }));
    const rows = await inTurns(variants, options.rounds, progress);
    await publish(context, {
      benchmark: 'event',
      title: event.title,
      broker,
      tables: rowsTable(
        rows,
        [{ key: 'emits', heading: 'emits at once' }],
        [
          { key: 'emitsPerSecond', heading: 'emits/s' },
          { key: 'handledPerSecond', heading: 'handled/s' },
          { key: 'p50Ms', heading: 'p50 ms to the acknowledgement' },
        ],
      ),
      data: { rows },
      charts: [
        {
          title: 'Events',
          unit: 'events/s',
          kind: 'lines',
          over: 'emits at once',
          categories: AT_ONCE.map((emits) => emits.toLocaleString('en')),
          isLogarithmic: true,
          series: [
            { name: 'emitted', values: rows.map(({ measures }) => measures.emitsPerSecond) },
            { name: 'handled', values: rows.map(({ measures }) => measures.handledPerSecond) },
          ],
        },
      ],
    });
  },
};

/** Handled, over the time from the first emit until the last handler has run. */
async function emitAndHandle({ client, server }: Pair, emits: number, seconds: number): Promise<Measures> {
  const before = await settled(server);
  const startedAt = performance.now();
  const load = { concurrency: emits, seconds };
  const { calls, callsPerSecond, latency } = await client.ask('run', { work: { kind: 'emit' }, load });
  while ((await server.ask('handledEvents', null)) < before + calls) {
    if (performance.now() - startedAt > seconds * 1_000 + GIVE_UP_AFTER_MS)
      throw new Error('Events are missing');
    await sleep(LOOK_EVERY_MS);
  }
  const handledPerSecond = calls / ((performance.now() - startedAt) / 1_000);
  return { emitsPerSecond: callsPerSecond, handledPerSecond, p50Ms: latency.p50 };
}

/** The count of a server that has nothing in hand any more. */
async function settled(server: Pair['server']): Promise<number> {
  for (let before = -1; ;) {
    const now = await server.ask('handledEvents', null);
    if (now === before) return now;
    before = now;
    await sleep(100);
  }
}
