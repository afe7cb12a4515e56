import type { DriverConnection } from '../../driver/driver.js';
import { deadLetterTopicSpec } from '../../wire/wire-options.js';
import type { ResolvedServerOptions } from '../server-options.js';

/** Where dead letters of a request topic go. */
export interface DeadLetterTopic {
  readonly topic: string;
  readonly partitions: number;
}

/**
 * Creates or checks the dead-letter topics of a server's services.
 * @returns them by request topic; none when nothing is dead-lettered.
 */
export const openDeadLetterTopics = async (
  driver: DriverConnection,
  { services, topics, deadLetter, ...options }: ResolvedServerOptions,
): Promise<ReadonlyMap<string, DeadLetterTopic>> => {
  const opened = new Map<string, DeadLetterTopic>();
  if (!deadLetter.refused) return opened;
  const specs = services.map((service) => deadLetterTopicSpec(topics.deadLetters(service), options));
  await driver.ensureTopics(specs, { create: options.createTopics });
  for (const service of services) {
    const topic = topics.deadLetters(service);
    opened.set(topics.requests(service), { topic, partitions: await driver.partitionCount(topic) });
  }
  return opened;
};
