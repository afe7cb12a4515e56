import type { KafkaDriver } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';

/** What service and gateway must agree on: which Kafka, and what the service is called there. */
export interface Settings {
  readonly driver: KafkaDriver;
  readonly service: string;
}

/** `KAFKA_BROKERS=host:port,host:port` and `SERVICE=name`, both optional. */
export const settingsOf = (env: NodeJS.ProcessEnv): Settings => ({
  driver: kafkajsDriver({ brokers: (env.KAFKA_BROKERS || 'localhost:9092').split(',') }),
  service: env.SERVICE || 'sum',
});
