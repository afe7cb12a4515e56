import kafkajs from 'kafkajs';
import type { Broker, Cluster } from './captured-cluster.js';
import { isConnectionFailure } from './kafkajs-errors.js';
import { findCoordinatorRequest } from './requests/find-coordinator.js';
import { sendTo } from './requests/send.js';

/**
 * The broker that coordinates a group, connected. Any broker is asked, one after the other.
 * @throws `GROUP_AUTHORIZATION_FAILED`, `GROUP_COORDINATOR_NOT_AVAILABLE`, or what kafkajs throws when nobody can be reached
 */
export const findGroupCoordinator = async (cluster: Cluster, groupId: string): Promise<Broker> => {
  const nodeId = await askForCoordinator(cluster, groupId);
  // A broker that has just come is not in the metadata at hand.
  if (cluster.brokerPool.brokers[nodeId] === undefined) await cluster.refreshMetadata();
  return cluster.findBroker({ nodeId });
};

const askForCoordinator = async (cluster: Cluster, groupId: string): Promise<number> => {
  const { brokerPool } = cluster;
  if (Object.keys(brokerPool.brokers).length === 0) await cluster.refreshMetadata();
  let failure: unknown = new kafkajs.KafkaJSConnectionError('No broker is known');
  for (const nodeId of connectedFirst(brokerPool.brokers)) {
    try {
      const broker = await brokerPool.findBroker({ nodeId });
      return await sendTo(broker, findCoordinatorRequest(groupId));
    } catch (error) {
      if (!isConnectionFailure(error)) throw error;
      failure = error;
    }
  }
  throw failure;
};

const connectedFirst = (brokers: Readonly<Record<string, Broker>>): number[] =>
  Object.entries(brokers)
    .sort(([, a], [, b]) => Number(b.isConnected()) - Number(a.isConnected()))
    .map(([nodeId]) => Number(nodeId));
