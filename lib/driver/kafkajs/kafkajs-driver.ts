import type { ConnectOptions, DriverConnection, KafkaDriver } from '../driver.js';
import { KafkajsConnection } from './kafkajs-connection.js';
import { resolveKafkajsOptions, type KafkajsDriverOptions, type KafkajsLogLevel } from './kafkajs-options.js';

export type { KafkajsDriverOptions, KafkajsLogLevel };

/**
 * The driver for real clusters, on kafkajs. Needs Kafka 2.4 or later.
 *
 * kafkajs' protocol and sockets are used; its producer and consumer loops are not, because they cost a call its speed
 * (docs/decisions/0002-kafkajs-by-its-brokers.md).
 * @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. Does no I/O.
 */
export const kafkajsDriver = (options: KafkajsDriverOptions): KafkaDriver => {
  const resolved = resolveKafkajsOptions(options);
  return Object.freeze({
    name: 'kafkajs',
    connect: (connectOptions: ConnectOptions): Promise<DriverConnection> =>
      KafkajsConnection.open(resolved, connectOptions),
  });
};
