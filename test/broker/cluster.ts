import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard, type Guard } from './guard.js';
import { KAFKA_VERSION, kafkaClasspath, needsZooKeeper } from './jars.js';
import { KafkaNode } from './kafka-node.js';
import { freePorts } from './ports.js';
import type { NodePorts } from './properties.js';
import type { Kafka, KafkaOptions } from './running-kafka.js';
import { startZooKeeper } from './zookeeper.js';

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
  const ports = await chosenPorts(ids.length, options);
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-kafka-rpc-'));
  const guard = startGuard(folder);
  const zookeeper = needsZooKeeper(KAFKA_VERSION)
    ? await zooKeeperFor(options, { folder, classpath, guard })
    : undefined;
  const plan = {
    zookeeper,
    clusterId: newClusterId(),
    ports,
    folder,
    classpath,
    javaOptions: options.javaOptions ?? smallJvm(ids.length),
    config: options.config ?? {},
    asTheyCome: options.asTheyCome ?? false,
    users: options.users,
    dataFolders: options.dataFolders ?? {},
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
  return running(nodes, ports, () => guard.close());
}

function running(nodes: readonly KafkaNode[], ports: readonly NodePorts[], stop: () => Promise<void>): Kafka {
  const at = (id: number): KafkaNode => {
    const node = nodes[id - 1];
    if (node === undefined) throw new Error(`No Kafka node ${id}: they count from 1 to ${nodes.length}`);
    return node;
  };
  return {
    kind: 'jars',
    version: KAFKA_VERSION,
    brokers: nodes.map(({ broker }) => broker),
    direct: nodes.map(({ direct }) => direct),
    routes: ports.flatMap(({ client, proxied }) =>
      proxied === undefined ? [] : [{ listenPort: proxied.proxy, targetPort: client }],
    ),
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

async function zooKeeperFor(
  { users, proxied }: KafkaOptions,
  place: { readonly folder: string; readonly classpath: string; readonly guard: Guard },
): Promise<string> {
  if (users !== undefined || proxied)
    throw new Error(`Kafka ${KAFKA_VERSION} is started without users and proxies only.`);
  const [port] = (await freePorts(1)) as [number];
  return (await startZooKeeper({ ...place, port })).address;
}

async function chosenPorts(nodes: number, { proxied, users }: KafkaOptions): Promise<NodePorts[]> {
  const perNode = proxied ? 4 : 3;
  const free = await freePorts(nodes * perNode);
  return Array.from({ length: nodes }, (_, at) => {
    const [client, controller, internal, proxy] = free.slice(at * perNode, (at + 1) * perNode) as [
      number,
      number,
      number,
      number | undefined,
    ];
    if (proxy !== undefined) return { client, controller, proxied: { proxy, internal } };
    return users === undefined ? { client, controller } : { client, controller, internal };
  });
}

/** Sixteen bytes in base64url, the first below 128: an id that starts with a dash would read as an option. */
function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString('base64url');
}
