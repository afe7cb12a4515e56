import type { Kafka } from './running-kafka.js';

/** Tells this process and the workers it will start where the broker is; gives what takes it all back. */
export function shareKafka(kafka: Kafka, env: NodeJS.ProcessEnv = process.env): () => Promise<void> {
  env.KAFKA_BROKERS = kafka.brokers.join(',');
  env.KAFKA_KIND = kafka.kind;
  return async () => {
    delete env.KAFKA_KIND;
    // The next run of a watching Jest would take a broker of ours, by then gone, for one that was given.
    if (kafka.kind !== 'external') delete env.KAFKA_BROKERS;
    await kafka.stop();
  };
}
