import { mkdir } from 'node:fs/promises';
import type { Benchmark, BenchmarkContext } from './benchmark.js';
import { startBroker } from './broker/bench-broker.js';
import { idleStatesOff } from './measure/idle-states.js';
import type { Load } from './measure/load.js';
import { interleave, refuseLongTurns, type StartedPeer } from './measure/rounds.js';
import { warmUp } from './measure/warm-up.js';
import { choosePeers } from './peers/all-peers.js';
import { startPeers } from './peers/start-peers.js';
import { hotSpots } from './report/hot-spots.js';
import { publish } from './report/publish.js';
import { roundTripCharts } from './report/round-trip-charts.js';
import { roundTripReport, type Target } from './report/round-trip-report.js';
import { roundTripTables } from './report/round-trip-tables.js';

/** What this package promises, measured against others in the same run. */
const TARGETS: readonly Target[] = [
  { measure: 'callsPerSecond', concurrency: 1_000, over: 'nest-tcp', wanted: { atLeast: 1.5 } },
  { measure: 'callsPerSecond', concurrency: 1_000, over: 'spring-tuned', wanted: { atLeast: 1.5 } },
  { measure: 'callsPerSecond', concurrency: 1_000, over: 'nest-kafka', wanted: { atLeast: 20 } },
  { measure: 'callsPerSecond', concurrency: 100, over: 'spring-tuned', wanted: { atLeast: 1.5 } },
  { measure: 'callsPerSecond', concurrency: 100, over: 'nest-kafka', wanted: { atLeast: 10 } },
  { measure: 'p50', concurrency: 1, over: 'floor', wanted: { atMost: 1.2 } },
  { measure: 'p50', concurrency: 1, over: 'moleculer', wanted: { under: 1 } },
  { measure: 'p50', concurrency: 1, over: 'nest-kafka', wanted: { under: 0.4 } },
];

/** One sum there and back, for every peer, at several numbers of calls at once. */
export const roundTrip: Benchmark = {
  name: 'round-trip',
  title: 'one call and its answer, beside other ways to do it, at 1 to 5,000 calls at once',
  run: async (context) => {
    const { options, progress } = context;
    const loads = options.levels.map((concurrency) => ({ concurrency, seconds: options.seconds }));
    // Before minutes are spent.
    refuseLongTurns(loads);
    const { peers, skipped } = await choosePeers(options.peers, progress);
    const broker = await startBroker(context.teardown, progress);
    const started = await startPeers(peers, broker, context);
    const warmUpCalls = await warmUp(started, context);
    if (options.profile !== undefined) return profile(started, loads, context, options.profile);

    const idleStates = await idleStatesOff(context);
    const plan = { loads, rounds: options.rounds, brokerPid: broker.pid };
    const series = await interleave(started, plan, progress);
    const report = roundTripReport({ peers, warmUpCalls, series, targets: TARGETS, skipped });
    await publish(context, {
      benchmark: 'round-trip',
      title: roundTrip.title,
      broker,
      tables: `Idle states of the processor: ${idleStates}\n\n${roundTripTables(report)}`,
      data: { idleStates, ...report },
      charts: roundTripCharts(report),
    });
  },
};

async function profile(
  peers: readonly StartedPeer[],
  loads: readonly Load[],
  { progress }: BenchmarkContext,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const load of loads) {
    for (const { name, handle } of peers) {
      const files = (await handle.profile?.(load, `${folder}/${name}-${load.concurrency}`)) ?? [];
      for (const { role, file } of files) {
        const title = `${name}, ${load.concurrency} at once, ${role}`;
        process.stdout.write(`\n${title}\n${await hotSpots(file)}`);
        progress(`Written to ${file}`);
      }
    }
  }
}
