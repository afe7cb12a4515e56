/** The two ports of one node. */
export interface NodePorts {
  readonly client: number;
  readonly controller: number;
}

/** What sets one node's `server.properties` apart from the next one's. */
export interface NodeSettings {
  /** Kafka's node id, from 1; `ports[id - 1]` are its own. */
  readonly id: number;
  readonly ports: readonly NodePorts[];
  readonly dataFolder: string;
  readonly config: Readonly<Record<string, string>>;
}

/** The address that nodes listen on and clients are told. */
export const HOST = '127.0.0.1';

/** The text of a node's `server.properties`; `config` wins over everything the harness sets. */
export function serverProperties(settings: NodeSettings): string {
  const all = {
    ...placeOf(settings),
    ...quickAndSmall,
    ...safetyOf(settings.ports.length),
    ...settings.config,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function placeOf({ id, ports, dataFolder }: NodeSettings): Record<string, string> {
  const own = ports[id - 1];
  if (own === undefined) throw new Error(`Node ${id} has no ports: there are ${ports.length} nodes`);
  return {
    'process.roles': 'broker,controller',
    'node.id': `${id}`,
    'controller.quorum.voters': ports.map((port, at) => `${at + 1}@${HOST}:${port.controller}`).join(','),
    listeners: `CLIENT://${HOST}:${own.client},CONTROLLER://${HOST}:${own.controller}`,
    'advertised.listeners': `CLIENT://${HOST}:${own.client}`,
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'CLIENT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataFolder,
  };
}

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
