import { noFaults } from './no-faults.js';
import type { Kafka } from './running-kafka.js';

/** The broker that somebody else runs, from a `host:port,host:port` list. */
export function externalKafka(list: string): Kafka {
  const brokers = list
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  return {
    ...noFaults('external'),
    kind: 'external',
    version: 'unknown',
    brokers,
    direct: brokers,
    routes: [],
    nodes: brokers.length,
    stop: async () => undefined,
  };
}
