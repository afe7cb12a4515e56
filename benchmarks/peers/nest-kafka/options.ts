import { Transport, type KafkaOptions } from '@nestjs/microservices';
import type { PeerBroker } from '../peer.js';

/** The pattern is the topic's name, and the reply topic's with `.reply` behind. */
export const patternOf = ({ prefix }: PeerBroker): string => `${prefix}nest-kafka.sum.add`;

/** Brokers and names; all else is as it comes. */
export const kafkaOptions = ({ brokers, prefix }: PeerBroker) =>
  ({
    transport: Transport.KAFKA,
    options: {
      client: { clientId: `${prefix}nest-kafka`, brokers: [...brokers] },
      consumer: { groupId: `${prefix}nest-kafka` },
    },
  }) satisfies KafkaOptions;
