import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, platform, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { BenchBroker } from '../broker/bench-broker.js';
import type { BenchmarkOptions } from '../command-line.js';

const PACKAGES = ['nestjs-kafka-rpc', '@nestjs/core', '@nestjs/microservices', 'kafkajs', 'rxjs'] as const;

/** Where, when and with what a run was made: without these, numbers are gossip. */
export interface RunFacts {
  readonly all: Readonly<Record<string, unknown>>;
  /** The same in a line, for people. */
  readonly summary: string;
}

export async function runFacts(
  benchmark: string,
  options: BenchmarkOptions,
  broker: BenchBroker | undefined,
): Promise<RunFacts> {
  const { quick, rounds, seconds } = options;
  const date = new Date().toISOString();
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
  };
  const versions = { node: process.versions.node, kafka: broker?.version, ...(await packageVersions()) };
  const at = commit();
  return {
    all: {
      benchmark,
      date,
      commit: await at,
      machine,
      versions,
      options: {
        quick,
        rounds,
        seconds,
        partitions: broker?.partitions,
        broker: broker?.kind,
        javaOptions: broker?.javaOptions,
      },
    },
    summary: [
      `${date.slice(0, 10)}, commit ${await at}${quick ? ', a smoke run: of no worth' : ''}`,
      `${machine.cores} cores of ${machine.cpu}`,
      `Node ${versions.node}`,
      ...(broker === undefined ? [] : [`Kafka ${broker.version}`]),
    ].join(' · '),
  };
}

async function packageVersions(): Promise<Record<string, string>> {
  const versions = PACKAGES.map(async (name) => [name, await versionOf(name)] as const);
  return Object.fromEntries(await Promise.all(versions));
}

/** Not every package exports its `package.json`, so it is looked for upwards from the package's entry file. */
async function versionOf(name: string): Promise<string> {
  for (let at = new URL(import.meta.resolve(name)); at.pathname !== '/'; at = new URL('..', at)) {
    const text = await readFile(new URL('package.json', at), 'utf8').catch(() => '{}');
    const found = JSON.parse(text) as { readonly name?: string; readonly version?: string };
    if (found.name === name && found.version !== undefined) return found.version;
  }
  return 'unknown';
}

async function commit(): Promise<string> {
  const described = await promisify(execFile)('git', ['describe', '--always', '--dirty']).catch(
    () => undefined,
  );
  return described?.stdout.trim() ?? 'unknown';
}
