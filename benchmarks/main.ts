import type { Benchmark } from './benchmark.js';
import { parseCommandLine, USAGE } from './command-line.js';
import { Teardown } from './process/teardown.js';
import { burst } from './burst.bench.js';
import { check } from './check.bench.js';
import { distance } from './distance.bench.js';
import { event } from './event.bench.js';
import { idle } from './idle.bench.js';
import { legs } from './legs.bench.js';
import { memory } from './memory.bench.js';
import { micro } from './micro.bench.js';
import { payload } from './payload.bench.js';
import { roundTrip } from './round-trip.bench.js';
import { scale } from './scale.bench.js';
import { soak } from './soak.bench.js';
import { start } from './start.bench.js';
import { stream } from './stream.bench.js';

const BENCHMARKS: readonly Benchmark[] = [
  roundTrip,
  legs,
  payload,
  scale,
  stream,
  event,
  burst,
  distance,
  start,
  idle,
  memory,
  micro,
];

/** What is no part of a run of all. */
const BY_NAME_ONLY: readonly Benchmark[] = [check, soak];

async function main(): Promise<void> {
  const options = parseCommandLine(process.argv.slice(2));
  if (options.help) return usage();
  const benchmarks = chooseBenchmarks(options.benchmarks);
  const interruption = new Interruption();
  const failures: string[] = [];
  for (const benchmark of benchmarks) {
    progress(`${benchmark.name}: ${benchmark.title}`);
    const teardown = new Teardown(progress);
    try {
      await Promise.race([benchmark.run({ options, teardown, progress }), interruption.happened]);
    } catch (error) {
      // A run of all takes most of an hour: one that fails does not cost what the others would have found.
      failures.push(`${benchmark.name}: ${messageOf(error)}`);
      progress(`Failed: ${failures.at(-1)}`);
    } finally {
      await teardown.run();
    }
    if (interruption.signal !== undefined) break;
  }
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

/** All, when none is named. @throws Error for a name that no benchmark has. */
function chooseBenchmarks(names: readonly string[]): readonly Benchmark[] {
  if (names.length === 0) return BENCHMARKS;
  return names.map((name) => {
    const benchmark = [...BENCHMARKS, ...BY_NAME_ONLY].find((candidate) => candidate.name === name);
    if (benchmark !== undefined) return benchmark;
    usage();
    throw new Error(`There is no benchmark "${name}"`);
  });
}

function usage(): void {
  const list = (benchmarks: readonly Benchmark[]): string =>
    benchmarks.map(({ name, title }) => `  ${name.padEnd(12)} ${title}\n`).join('');
  process.stderr.write(
    `${USAGE}\nBenchmarks, one after the other when none is named:\n${list(BENCHMARKS)}By name only:\n${list(BY_NAME_ONLY)}`,
  );
}

const progress = (line: string): void => void process.stderr.write(`${line}\n`);

/** The first Ctrl-C ends the run in order; the second ends this process, and its children see that and go. */
class Interruption {
  signal: NodeJS.Signals | undefined;
  /** Rejects at the first. */
  readonly happened = new Promise<never>((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        this.signal = signal;
        reject(new Error(`Stopped by ${signal}`));
      });
    }
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
