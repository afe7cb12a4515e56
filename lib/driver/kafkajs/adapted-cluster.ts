import { boundLogin } from './bounded-login.js';
import { boundedRetrier } from './bounded-retry.js';
import type { Broker, BrokerPool, Cluster, ConnectionPoolBuilder } from './captured-cluster.js';
import { findGroupCoordinator } from './group-coordinator.js';
import { guardFrames } from './guarded-frames.js';
import { isHopeless } from './kafkajs-errors.js';
import { MetadataSource } from './metadata-source.js';
import { quietRequestQueue } from './quiet-request-queue.js';
import { connectWhole } from './whole-connects.js';

export interface AdaptedClusterOptions {
  /** How often an attempt to connect is repeated. */
  readonly retries: number;
  /** Ends what is being tried. */
  readonly closing: AbortSignal;
  /** A broker does not let us in, and why; or it does. */
  readonly onLogin: (refusal?: unknown) => void;
  /** No answer is larger. */
  readonly maxFrameBytes: number;
  /** A broker has not answered for a while. */
  readonly onSlow: () => void;
}

/**
 * Gives a cluster of ours what kafkajs' own lacks. Only this object is changed, none of kafkajs' prototypes: what an app does with
 * kafkajs beside us is as it was.
 *
 * - its retries end when the connection is closed
 * - its timers are quiet
 * - its logins end
 * - its brokers are connected whole, or not at all
 * - its connections end when their bytes are damaged, and begin without bytes of the one before
 * - its metadata comes by our request: one bad topic fails nothing, topic ids come along, a silent broker is passed over
 * - the coordinator is asked for by our request: a missing right has its name
 */
export const adaptCluster = (cluster: Cluster, options: AdaptedClusterOptions): Cluster => {
  const retrier = boundedRetrier(options.retries, options.closing);
  const { brokerPool } = cluster;
  cluster.retrier = retrier;
  brokerPool.retrier = retrier;
  adaptConnections(cluster.connectionPoolBuilder, options);
  const { createBroker } = brokerPool;
  brokerPool.createBroker = (brokerOptions) => connectWhole(createBroker(brokerOptions));
  tellOfLogins(brokerPool, options.onLogin);
  const source = new MetadataSource(brokerPool, options.closing);
  const asking = { metadata: (topics: readonly string[]) => source.ask(topics) } as unknown as Broker;
  brokerPool.findConnectedBroker = () => Promise.resolve(asking);
  cluster.findGroupCoordinator = ({ groupId }) => findGroupCoordinator(cluster, groupId);
  return cluster;
};

const tellOfLogins = (pool: BrokerPool, onLogin: (refusal?: unknown) => void): void => {
  const connect = pool.connectBroker.bind(pool);
  pool.connectBroker = async (broker) => {
    try {
      await connect(broker);
    } catch (error) {
      if (isHopeless(error)) onLogin(error);
      throw error;
    }
    onLogin();
  };
};

const adaptConnections = (
  builder: ConnectionPoolBuilder,
  { onSlow, maxFrameBytes }: AdaptedClusterOptions,
): void => {
  const build = builder.build.bind(builder);
  builder.build = async (destination) => {
    const connections = await build(destination);
    for (const connection of connections.pool) {
      quietRequestQueue(connection.requestQueue, onSlow, guardFrames(connection, maxFrameBytes));
      boundLogin(connection);
    }
    return connections;
  };
};
