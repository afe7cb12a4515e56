import { mkdir } from 'node:fs/promises';
import type { Benchmark, BenchmarkContext } from './benchmark.js';
import { startBroker, type BenchBroker } from './broker/bench-broker.js';
import type { Load } from './measure/load.js';
import { interleave, type StartedPeer } from './measure/rounds.js';
import { warmUp } from './measure/warm-up.js';
import { choosePeers } from './peers/all-peers.js';
import type { Peer } from './peers/peer.js';
import { hotSpots } from './report/hot-spots.js';
import { runFacts } from './report/run-facts.js';
import { roundTripReport, type Target } from './report/round-trip-report.js';
import { roundTripTables } from './report/round-trip-tables.js';
import { writeResults } from './report/write-results.js';

/** What this package promises, measured against Nest's own Kafka transport in the same run. */
const TARGETS: readonly Target[] = [
  { measure: 'callsPerSecond', concurrency: 1_000, over: 'nest-kafka', wanted: { atLeast: 10 } },
  { measure: 'p50', concurrency: 1, over: 'nest-kafka', wanted: { under: 0.6 } },
];

/** One sum there and back, for every peer, with 1, 100 and 1,000 calls at once. */
export const roundTrip: Benchmark = {
  name: 'round-trip',
  title: 'one call and its answer, at 1, 100 and 1,000 calls at once',
  run: async (context) => {
    const { options, progress } = context;
    const chosen = await choosePeers(options.peers, progress);
    const broker = await startBroker(context.teardown, progress);
    const started = await startPeers(chosen, broker, context);
    const warmUpCalls = await warmUp(started, progress);
    const loads = options.levels.map((concurrency) => ({ concurrency, seconds: options.seconds }));
    if (options.profile !== undefined) return profile(started, loads, context, options.profile);

    const series = await interleave(
      started,
      { loads, rounds: options.rounds, brokerPid: broker.pid },
      progress,
    );
    const report = roundTripReport({ peers: chosen, warmUpCalls, series, targets: TARGETS });
    process.stdout.write(roundTripTables(report));
    const file = await writeResults(options.results, 'round-trip', {
      ...(await runFacts(options, broker)),
      ...report,
    });
    progress(`Written to ${file}`);
  },
};

async function startPeers(
  peers: readonly Peer[],
  broker: BenchBroker,
  { teardown, progress }: BenchmarkContext,
): Promise<StartedPeer[]> {
  const started: StartedPeer[] = [];
  for (const peer of peers) {
    progress(`Starting ${peer.name}`);
    const handle = await peer.start(broker);
    teardown.add(peer.name, () => handle.stop());
    started.push({ name: peer.name, handle });
  }
  return started;
}

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
