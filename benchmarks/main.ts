import type { Benchmark } from './benchmark.js';
import { parseCommandLine, USAGE } from './command-line.js';
import { Teardown } from './process/teardown.js';
import { roundTrip } from './round-trip.bench.js';

const BENCHMARKS: readonly Benchmark[] = [roundTrip];

async function main(): Promise<void> {
  const options = parseCommandLine(process.argv.slice(2));
  const benchmark = BENCHMARKS.find(({ name }) => name === options.benchmark);
  if (options.help || benchmark === undefined) {
    const known = BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(18)} ${title}\n`).join('');
    process.stderr.write(`${USAGE}\nBenchmarks:\n${known}`);
    if (benchmark === undefined) throw new Error(`There is no benchmark "${options.benchmark}"`);
    return;
  }
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const teardown = new Teardown(progress);
  try {
    await Promise.race([benchmark.run({ options, teardown, progress }), interruption()]);
  } finally {
    await teardown.run();
  }
}

/** The first Ctrl-C ends the run in order; the second ends this process, and its children see that and go. */
function interruption(): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        reject(new Error(`Stopped by ${signal}`));
      });
    }
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
