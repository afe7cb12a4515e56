import { loadFrom } from '../npm-packages.js';
import type { PeerBroker } from '../peer.js';

/** What is used of Moleculer, which is no dependency of this package. */
export interface ServiceBroker {
  createService(schema: unknown): unknown;
  start(): Promise<void>;
  stop(): Promise<void>;
  call<R>(action: string, params: unknown): Promise<R>;
}

interface Moleculer {
  readonly ServiceBroker: new (options: unknown) => ServiceBroker;
}

export const ACTION = 'sum.add';

/** Brokers, names, and no log; all else is as it comes. @param folder has Moleculer in its `node_modules` */
export function serviceBroker(role: string, { brokers, prefix }: PeerBroker, folder: string): ServiceBroker {
  const { ServiceBroker } = loadFrom<Moleculer>(folder, 'moleculer');
  return new ServiceBroker({
    // Stands in the names of topics, whose parts are told from each other by their dots.
    namespace: prefix.replaceAll('.', ''),
    nodeID: role,
    logger: false,
    transporter: {
      type: 'Kafka',
      options: { bootstrapBrokers: [...brokers], consumer: { groupId: `${prefix}moleculer.${role}` } },
    },
  });
}
