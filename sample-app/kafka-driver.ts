import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import type { KafkaDriver } from 'nestjs-kafka-rpc';

/** The cluster of `KAFKA_BROKERS`, a list with commas; one on this machine when it is not set. */
export const driverFromEnvironment = (): KafkaDriver =>
  kafkajsDriver({ brokers: (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',') });
