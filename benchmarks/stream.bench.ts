import type { Benchmark } from './benchmark.js';
import { startBroker } from './broker/bench-broker.js';
import { startPair, warmUp } from './fleet/fleet.js';
import { inTurns, type Variant } from './measure/turns.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';

/** Streams at once, and how many values each of them has: enough that its beginning and its end count for little. */
const SHAPES = [
  { streams: 1, values: 10_000 },
  { streams: 100, values: 1_000 },
] as const;

/** Values of streams, from a handler's Observable to the caller's, each checked for its place. */
export const stream: Benchmark = {
  name: 'stream',
  title: 'values of one stream, and of a hundred',
  run: async (context) => {
    const { options, teardown, progress } = context;
    const broker = await startBroker(teardown, progress);
    const { client } = await startPair({ ...broker, fleet: 'stream' }, context);
    await warmUp(client, { kind: 'sum' }, 100);
    const variants = SHAPES.map(({ streams, values }): Variant => {
      const work = { kind: 'stream', values } as const;
      return {
        labels: { streams, values },
        measure: async () => {
          const load = { concurrency: streams, seconds: options.seconds };
          const { callsPerSecond, latency } = await client.ask('run', { work, load });
          return { valuesPerSecond: callsPerSecond * values, streamP50Ms: latency.p50 };
        },
      };
    });
    for (const { measure } of variants) await measure();
    const rows = await inTurns(variants, options.rounds, progress);
    await publish(context, {
      benchmark: 'stream',
      title: stream.title,
      broker,
      tables: rowsTable(
        rows,
        [
          { key: 'streams', heading: 'streams at once' },
          { key: 'values', heading: 'values each' },
        ],
        [
          { key: 'valuesPerSecond', heading: 'values/s' },
          { key: 'streamP50Ms', heading: 'ms a stream' },
        ],
      ),
      data: { rows },
      charts: [
        {
          title: 'Values of streams',
          unit: 'values/s, all streams together',
          kind: 'bars',
          over: 'streams',
          categories: rows.map(({ labels }) => `${labels.streams} at once`),
          series: [{ name: 'values/s', values: rows.map(({ measures }) => measures.valuesPerSecond) }],
        },
      ],
    });
  },
};
