import { connect } from 'node:net';
import type { KafkaDriver } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';

/** How servers and clients of the suite come to the brokers. */
export interface BrokerAccess {
  readonly brokers: readonly string[];
  /** The ports of proxies on this machine, by the broker's address; for brokers that do not advertise them. */
  readonly proxies?: Readonly<Record<string, number>>;
  readonly user?: { readonly username: string; readonly password: string };
}

export const driverFor = ({ brokers, proxies, user }: BrokerAccess): KafkaDriver =>
  kafkajsDriver({
    brokers,
    metadataMaxAgeMs: 5_000,
    ...(user && { sasl: { mechanism: 'plain', ...user } }),
    ...(proxies && {
      socketFactory: ({ host, port, onConnect }) => {
        const proxy = proxies[`${host}:${port}`];
        const place = proxy === undefined ? { host, port } : { host: '127.0.0.1', port: proxy };
        return connect({ ...place, noDelay: true }, onConnect);
      },
    }),
  });
