import { randomBytes } from 'node:crypto';
import kafkajs from 'kafkajs';
import type { SeededRandom } from './seeded-random.js';

const { Kafka, logLevel } = kafkajs;

export interface LitterPlan {
  readonly partitions: number;
  readonly records: number;
  readonly random: SeededRandom;
}

/** Sends records to a topic that nobody of this package has made: without a value, and with any bytes. @returns how many */
export async function litter(
  brokers: readonly string[],
  topic: string,
  { partitions, records, random }: LitterPlan,
): Promise<number> {
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  const messages = Array.from({ length: records }, () => ({
    partition: random.integer(partitions),
    value: random.integer(10) === 0 ? null : randomBytes(random.integer(400)),
  }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  return records;
}
