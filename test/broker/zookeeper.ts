import type { ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Guard } from './guard.js';
import { javaProgram } from './java.js';
import { HOST } from './properties.js';

/** Short, so that a broker which was killed may come back at once: its place is free when its session is over. */
const TICK_MS = 500;

/** What Kafka before 3.3 keeps its metadata in: its jars come with Kafka's. */
export async function startZooKeeper(plan: {
  readonly folder: string;
  readonly classpath: string;
  readonly guard: Guard;
  readonly port: number;
}): Promise<{ readonly address: string; readonly process: ChildProcess }> {
  const folder = join(plan.folder, 'zookeeper');
  await mkdir(folder, { recursive: true });
  const java = [
    '-Xmx128m',
    '-Dzookeeper.admin.enableServer=false',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  ];
  const main = ['org.apache.zookeeper.server.ZooKeeperServerMain', `${plan.port}`, folder, `${TICK_MS}`];
  const command = [...java, '-cp', plan.classpath, ...main];
  const process = await plan.guard.run(javaProgram(), command, join(plan.folder, 'zookeeper.log'));
  return { address: `${HOST}:${plan.port}`, process };
}
