import { parseArgs } from 'node:util';
import { startKafka } from './kafka.js';

/** Runs a broker by hand until Ctrl-C, SIGTERM or the end of standard input: `main.js [--nodes 3]`. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { nodes: { type: 'string', default: '1' } } });
  if (values.nodes !== '1' && values.nodes !== '3') throw new Error('--nodes takes 1 or 3');
  const kafka = await startKafka({ nodes: values.nodes === '3' ? 3 : 1 });
  process.stdout.write(`KAFKA_BROKERS=${kafka.brokers.join(',')}\n`);
  process.stdin.resume();
  await askedToStop();
  process.stdin.destroy();
  await kafka.stop();
}

/** Listeners that stay: testcontainers ends the process at a signal for which nobody else listens any more. */
function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve());
    process.on('SIGTERM', () => resolve());
    process.stdin.on('end', () => resolve());
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
