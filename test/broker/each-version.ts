import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { parseArgs } from 'node:util';

/** The newest of each line that this package is to work with. */
const VERSIONS = ['4.4.0', '4.1.0', '3.9.1', '2.8.2'];

/**
 * Runs the conformance suite on one Kafka after the other, each from Kafka's own jars: `each-version.js [--versions 3.9.1,2.8.2]`.
 * Ends with 1 when one of them failed.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { versions: { type: 'string', default: VERSIONS.join(',') } } });
  const failed: string[] = [];
  for (const version of values.versions.split(',')) {
    process.stdout.write(`\nKafka ${version}\n`);
    if (!(await passes(version))) failed.push(version);
  }
  process.stdout.write(failed.length === 0 ? '\nAll passed.\n' : `\nFailed: ${failed.join(', ')}\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

async function passes(version: string): Promise<boolean> {
  const jest = ['jest', '--selectProjects', 'conformance', '--testPathPatterns', 'kafkajs', '-w', '1'];
  const env = { ...process.env, KAFKA_VERSION: version };
  const run = spawn('npx', jest, { stdio: 'inherit', env });
  const [code] = (await once(run, 'exit')) as [number | null];
  return code === 0;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
