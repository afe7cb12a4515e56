import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import type { PeerBroker } from '../peer.js';

export const PATTERN = 'sum.add';

/** What client and server have in common; all else is as it comes. */
export const wireOptions = ({ brokers, prefix, partitions }: PeerBroker) => ({
  service: 'sum',
  driver: kafkajsDriver({ brokers: [...brokers] }),
  topics: { prefix: `${prefix}ours.` },
  partitions,
  replyPartitions: partitions,
});
