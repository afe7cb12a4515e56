import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LineProgramCommand } from '../../process/line-program.js';
import { keptFolder } from '../kept-folder.js';
import { linePeer } from '../line-peer.js';
import { failureOf, runTool } from '../run-tool.js';

/** The Python programs. They are not copied by the compiler, and npm runs every script at the root of the tree. */
const PROGRAMS = resolve('benchmarks/peers/kafka-rpc');
const REQUIREMENTS = join(PROGRAMS, 'requirements.txt');

/** Each waiting thread looks for its answer every millisecond: of 1,000 at once, about 130 were under way on average. */
const THREADS_THAT_RUN = 100;

/** Its topics are created by its server itself, as in an application. */
export const kafkaRpc = linePeer({
  name: 'kafka-rpc',
  title: "kafka-rpc of Python's package index, a thread for every call at once",
  mostCallsAtOnce: THREADS_THAT_RUN,
  unavailable: (tell) => failureOf(installed(tell)),
  prepare: async () => {
    const python = join(await installed(() => undefined), 'bin', 'python');
    // Without -B, Python writes what it has compiled beside the programs, into the tree.
    const program = (file: string): LineProgramCommand => ({
      program: python,
      args: ['-B', join(PROGRAMS, file)],
    });
    return { server: program('server.py'), client: program('client.py') };
  },
});

/** A virtual environment, by its folder, in which the package was seen to load. */
async function installed(tell: (line: string) => void): Promise<string> {
  return keptFolder({ name: 'kafka-rpc', madeOf: await readFile(REQUIREMENTS, 'utf8'), fill: install }, tell);
}

async function install(folder: string): Promise<void> {
  await runTool('python3', ['-m', 'venv', '.'], folder);
  const python = join(folder, 'bin', 'python');
  await runTool(
    python,
    ['-m', 'pip', 'install', '--quiet', '--retries=1', '--no-deps', '-r', REQUIREMENTS],
    folder,
  );
  await runTool(python, ['-c', 'import kafka_rpc'], folder);
}
