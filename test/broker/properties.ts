/** The ports of one node. */
export interface NodePorts {
  readonly client: number;
  readonly controller: number;
  /** Only before nodes behind proxies. */
  readonly proxied?: ProxiedPorts;
  /** Only where clients log in: for brokers, and for whoever watches them. */
  readonly internal?: number;
}

/** A node behind a proxy: clients are told of the proxy, and brokers talk past it. */
export interface ProxiedPorts {
  /** Where the proxy of the client's port listens. */
  readonly proxy: number;
  /** For brokers, and for whoever watches them. */
  readonly internal: number;
}

/** What sets one node's `server.properties` apart from the next one's. */
export interface NodeSettings {
  /** Kafka's node id, from 1; `ports[id - 1]` are its own. */
  readonly id: number;
  readonly ports: readonly NodePorts[];
  readonly dataFolder: string;
  readonly config: Readonly<Record<string, string>>;
  /** Kafka's own defaults for all but addresses. @default false */
  readonly asTheyCome?: boolean;
  /** Where ZooKeeper is, for a Kafka that needs it. @default KRaft */
  readonly zookeeper?: string;
  /** Who may log in, with their passwords; ACLs then say what each may do. @default everybody, everything */
  readonly users?: Readonly<Record<string, string>>;
}

/** The address that nodes listen on and clients are told. */
export const HOST = '127.0.0.1';

/** The text of a node's `server.properties`; `config` wins over everything the harness sets. */
export function serverProperties(settings: NodeSettings): string {
  const all = {
    ...placeOf(settings),
    ...(settings.users === undefined ? {} : loginOf(settings.users)),
    ...(settings.asTheyCome ? {} : { ...quickAndSmall, ...safetyOf(settings.ports.length) }),
    ...settings.config,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function placeOf({ id, ports, dataFolder, zookeeper }: NodeSettings): Record<string, string> {
  const own = portsOf(id, ports);
  if (zookeeper !== undefined) return placeWithZooKeeper(id, own, { dataFolder, zookeeper });
  return {
    'process.roles': 'broker,controller',
    'node.id': `${id}`,
    'controller.quorum.voters': ports.map((port, at) => `${at + 1}@${HOST}:${port.controller}`).join(','),
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataFolder,
    ...listenersOf(own),
  };
}

function placeWithZooKeeper(
  id: number,
  { client }: NodePorts,
  { dataFolder, zookeeper }: { readonly dataFolder: string; readonly zookeeper: string },
): Record<string, string> {
  return {
    'broker.id': `${id}`,
    'zookeeper.connect': zookeeper,
    'zookeeper.session.timeout.ms': '1500',
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT',
    'inter.broker.listener.name': 'CLIENT',
    listeners: `CLIENT://${HOST}:${client}`,
    'advertised.listeners': `CLIENT://${HOST}:${client}`,
    'log.dirs': dataFolder,
  };
}

function listenersOf(own: NodePorts): Record<string, string> {
  const { client, proxied, internal } = own;
  if (proxied !== undefined) return proxiedListeners(own, proxied);
  return internal === undefined ? listeners(own) : proxiedListeners(own, { proxy: client, internal });
}

/** Clients log in with SASL/PLAIN, and may do what ACLs let them; brokers and whoever watches them may do all. */
function loginOf(users: Readonly<Record<string, string>>): Record<string, string> {
  const known = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  const module = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
  return {
    'listener.security.protocol.map': 'CLIENT:SASL_PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.client.plain.sasl.jaas.config': `${module} ${known.join(' ')};`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
  };
}

/** The ports of one node. @throws when there are no such ports. */
export function portsOf(id: number, ports: readonly NodePorts[]): NodePorts {
  const own = ports[id - 1];
  if (own === undefined) throw new Error(`Node ${id} has no ports: there are ${ports.length} nodes`);
  return own;
}

const listeners = ({ client, controller }: NodePorts): Record<string, string> => ({
  listeners: `CLIENT://${HOST}:${client},CONTROLLER://${HOST}:${controller}`,
  'advertised.listeners': `CLIENT://${HOST}:${client}`,
  'inter.broker.listener.name': 'CLIENT',
});

const proxiedListeners = (
  { client, controller }: NodePorts,
  { proxy, internal }: ProxiedPorts,
): Record<string, string> => ({
  listeners: `CLIENT://${HOST}:${client},INTERNAL://${HOST}:${internal},CONTROLLER://${HOST}:${controller}`,
  'advertised.listeners': `CLIENT://${HOST}:${proxy},INTERNAL://${HOST}:${internal}`,
  'inter.broker.listener.name': 'INTERNAL',
});

const quickAndSmall = {
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '3',
  'transaction.state.log.num.partitions': '3',
  'num.network.threads': '2',
  'num.io.threads': '3',
  'background.threads': '2',
  'log.cleaner.dedupe.buffer.size': `${2 * 1024 * 1024}`,
};

function safetyOf(nodes: number): Record<string, string> {
  const inSync = nodes === 3 ? '2' : '1';
  return {
    'default.replication.factor': `${nodes}`,
    'offsets.topic.replication.factor': `${nodes}`,
    'transaction.state.log.replication.factor': `${nodes}`,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': `${nodes}`,
    'share.coordinator.state.topic.min.isr': inSync,
    'min.insync.replicas': inSync,
    'unclean.leader.election.enable': 'false',
    // A killed node counts as alive, and its return is refused, until its session ends.
    'broker.session.timeout.ms': nodes === 3 ? '6000' : '3000',
    'broker.heartbeat.interval.ms': nodes === 3 ? '1000' : '500',
  };
}
