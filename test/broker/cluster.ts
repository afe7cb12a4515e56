import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard } from './guard.js';
import { KAFKA_VERSION, kafkaClasspath } from './jars.js';
import { KafkaNode } from './kafka-node.js';
import { freePorts } from './ports.js';
import type { NodePorts } from './properties.js';
import type { Kafka, KafkaOptions } from './running-kafka.js';

/** Quick to start and small; C1 alone is enough for tests, and a benchmark replaces these. */
const smallJvm = (nodes: number): string[] => [
  nodes === 1 ? '-Xmx512m' : '-Xmx384m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
];

/** A cluster of Kafka's own jars, each node a JVM on this machine. */
export async function jarsKafka(
  options: KafkaOptions & { readonly log: (line: string) => void },
): Promise<Kafka> {
  const ids = options.nodes === 3 ? [1, 2, 3] : [1];
  const classpath = await kafkaClasspath(options.log);
  const ports = await portsOf(ids.length);
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-kafka-rpc-'));
  const guard = startGuard(folder);
  const plan = {
    clusterId: newClusterId(),
    ports,
    folder,
    classpath,
    javaOptions: options.javaOptions ?? smallJvm(ids.length),
    config: options.config ?? {},
    guard,
  };
  const nodes = ids.map((id) => new KafkaNode(id, plan));
  try {
    await Promise.all(nodes.map((node) => node.format()));
    await Promise.all(nodes.map((node) => node.start(ids)));
  } catch (error) {
    await guard.close();
    throw error;
  }
  return running(nodes, () => guard.close());
}

function running(nodes: readonly KafkaNode[], stop: () => Promise<void>): Kafka {
  const at = (id: number): KafkaNode => {
    const node = nodes[id - 1];
    if (node === undefined) throw new Error(`No Kafka node ${id}: they count from 1 to ${nodes.length}`);
    return node;
  };
  return {
    kind: 'jars',
    version: KAFKA_VERSION,
    brokers: nodes.map(({ broker }) => broker),
    nodes: nodes.length,
    kill: async (id) => at(id).kill(),
    stopNode: async (id) => at(id).leave(),
    startNode: async (id) => at(id).start(),
    pause: (id) => at(id).signal('SIGSTOP'),
    resume: (id) => at(id).signal('SIGCONT'),
    pid: (id) => at(id).pid,
    stop,
  };
}

async function portsOf(nodes: number): Promise<NodePorts[]> {
  const free = await freePorts(nodes * 2);
  return Array.from({ length: nodes }, (_, at) => ({
    client: free[at * 2] as number,
    controller: free[at * 2 + 1] as number,
  }));
}

/** Sixteen bytes in base64url, the first below 128: an id that starts with a dash would read as an option. */
function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString('base64url');
}
