import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guard } from './guard.js';
import { javaProgram } from './java.js';
import { HOST, portsOf, serverProperties } from './properties.js';
import type { NodePorts } from './properties.js';
import { answers } from './ready.js';

const LEAVE_WITHIN_MS = 30_000;
const QUOTED_LINES = 25;

/** Everything a node shares with the others of its cluster. */
export interface ClusterPlan {
  readonly clusterId: string;
  readonly ports: readonly NodePorts[];
  readonly folder: string;
  readonly classpath: string;
  readonly javaOptions: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly asTheyCome: boolean;
  readonly users?: Readonly<Record<string, string>>;
  readonly dataFolders?: Readonly<Record<number, string>>;
  /** Where ZooKeeper is, for a Kafka that needs it. */
  readonly zookeeper?: string;
  readonly guard: Guard;
}

/** One JVM that is both broker and controller: format → start → kill or leave → start … */
export class KafkaNode {
  /** What clients are told. */
  readonly broker: string;
  /** The same, past a proxy. */
  readonly direct: string;
  private readonly folder: string;
  private readonly properties: string;
  private readonly logFile: string;
  private jvm: ChildProcess | undefined;

  constructor(
    private readonly id: number,
    private readonly plan: ClusterPlan,
  ) {
    const { client, proxied, internal } = portsOf(id, plan.ports);
    this.broker = `${HOST}:${proxied?.proxy ?? client}`;
    this.direct = `${HOST}:${proxied?.internal ?? internal ?? client}`;
    this.folder = join(plan.folder, `node-${id}`);
    this.properties = join(this.folder, 'server.properties');
    this.logFile = join(this.folder, 'jvm.log');
  }

  get pid(): number | undefined {
    return this.jvm?.pid;
  }

  /** Writes the node's settings and formats its data folder. */
  async format(): Promise<void> {
    const { clusterId, ports, config, asTheyCome, users, zookeeper } = this.plan;
    const dataFolder = this.plan.dataFolders?.[this.id] ?? join(this.folder, 'data');
    await mkdir(this.folder, { recursive: true });
    await mkdir(dataFolder, { recursive: true });
    await writeFile(
      this.properties,
      serverProperties({ id: this.id, ports, dataFolder, config, asTheyCome, users, zookeeper }),
    );
    if (zookeeper !== undefined) return;
    const formatting = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', this.properties];
    const tool = await this.java(formatting);
    await ended(tool);
    if (tool.exitCode !== 0) throw await this.failure('could not format its data folder');
  }

  /** Starts the JVM; resolves when it answers and sees the nodes asked for. */
  async start(seen: readonly number[] = [this.id]): Promise<void> {
    if (this.jvm !== undefined) throw new Error(`Kafka node ${this.id} runs already`);
    const jvm = await this.java(['kafka.Kafka', this.properties]);
    this.jvm = jvm;
    jvm.once('exit', () => (this.jvm = undefined));
    const ready = await answers({ broker: this.direct, seen, gone: () => this.jvm !== jvm });
    if (!ready) throw await this.failure(this.jvm === jvm ? 'did not answer in time' : 'ended');
  }

  /** SIGKILL, and the end of the process. */
  async kill(): Promise<void> {
    const jvm = this.running();
    jvm.kill('SIGKILL');
    await ended(jvm);
  }

  /** SIGTERM, and the end of the process: forced when Kafka waits for a quorum that is not there. */
  async leave(): Promise<void> {
    const jvm = this.running();
    jvm.kill('SIGTERM');
    const stay = new AbortController();
    const force = sleep(LEAVE_WITHIN_MS, undefined, { signal: stay.signal }).then(
      () => jvm.kill('SIGKILL'),
      () => undefined,
    );
    await ended(jvm);
    stay.abort();
    await force;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.running().kill(signal);
  }

  private running(): ChildProcess {
    if (this.jvm === undefined) throw new Error(`Kafka node ${this.id} is down`);
    return this.jvm;
  }

  private java(command: readonly string[]): Promise<ChildProcess> {
    const { guard, javaOptions, classpath } = this.plan;
    const logging = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
    return guard.run(javaProgram(), [...javaOptions, logging, '-cp', classpath, ...command], this.logFile);
  }

  private async failure(what: string): Promise<Error> {
    const log = await readFile(this.logFile, 'utf8').catch(() => '');
    // A node that waits for another says so many times a second, and would push the cause out of the quote.
    const end = [...new Set(log.trim().split('\n'))].slice(-QUOTED_LINES).join('\n');
    return new Error(`Kafka node ${this.id} ${what}. The end of its log:\n${end || '(empty)'}`);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  await once(child, 'exit');
}
