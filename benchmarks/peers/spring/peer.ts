import { cp, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { javaProgram, missingJava, missingMaven } from '../../../test/broker/java.js';
import type { LineProgramCommand } from '../../process/line-program.js';
import { createTopics } from '../kafka-topics.js';
import { keptFolder } from '../kept-folder.js';
import { linePeer } from '../line-peer.js';
import type { Peer } from '../peer.js';
import { failureOf, runTool } from '../run-tool.js';

/** The Maven project. It is not copied by the compiler, and npm runs every script at the root of the tree. */
const PROJECT = resolve('benchmarks/peers/spring');
const SOURCES = ['pom.xml', 'src'] as const;

const HEAP = ['-Xms512m', '-Xmx512m'] as const;

/** After 8,000 calls the JVM has reached half of the rate that it has after 30,000. */
const UNTIL_COMPILED = { concurrency: 100, calls: 30_000, seconds: 20 } as const;

export const spring = springPeer('spring', 'ReplyingKafkaTemplate of spring-kafka, linger 0');
export const springTuned = springPeer(
  'spring-tuned',
  'the same with acks 1, no idempotence, asynchronous commits once a second',
);

function springPeer(name: 'spring' | 'spring-tuned', title: string): Peer {
  return linePeer({
    name,
    title,
    unavailable,
    firstLoad: UNTIL_COMPILED,
    prepare: async (broker) => {
      await createTopics(broker, [`${broker.prefix}${name}.requests`, `${broker.prefix}${name}.replies`]);
      const folder = await built(() => undefined);
      const program = (main: string): LineProgramCommand => ({
        program: javaProgram(),
        args: [...HEAP, '-cp', classpath(folder), main, name === 'spring-tuned' ? 'tuned' : 'plain'],
      });
      return { server: program('peer.SumServer'), client: program('peer.SumClient') };
    },
  });
}

async function unavailable(tell: (line: string) => void): Promise<string | undefined> {
  const missing = (await missingJava()) ?? (await missingMaven());
  if (missing !== undefined) return `${missing}: install a JDK of Java 17 and Maven`;
  return failureOf(built(tell));
}

const classpath = (folder: string): string =>
  [join(folder, 'target', 'spring-peer.jar'), join(folder, 'target', 'lib', '*')].join(':');

/** Built once per state of the sources, in a copy of the project. */
async function built(tell: (line: string) => void): Promise<string> {
  return keptFolder({ name: 'spring', madeOf: await stateOfSources(), fill: build }, tell);
}

async function build(folder: string): Promise<void> {
  for (const source of SOURCES) await cp(join(PROJECT, source), join(folder, source), { recursive: true });
  await runTool('mvn', ['-B', '-q', 'package'], folder);
}

async function stateOfSources(): Promise<string> {
  const names = await readdir(PROJECT, { recursive: true });
  const texts = names
    .filter((name) => name === 'pom.xml' || name.endsWith('.java'))
    .sort()
    .map(async (name) => `${name}\n${await readFile(join(PROJECT, name), 'utf8')}`);
  return (await Promise.all(texts)).join('\n');
}
