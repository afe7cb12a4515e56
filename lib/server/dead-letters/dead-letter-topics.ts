import type { DriverConnection } from '../../driver/driver.js';
import { deadLetterTopicSpec } from '../../wire/wire-options.js';
import type { ResolvedServerOptions } from '../server-options.js';

/** Where dead letters of a request topic go. */
export interface DeadLetterTopic {
  readonly topic: string;
  readonly partitions: number;
}

/** Where dead letters go, by the topic that the event or record was read from. */
export interface DeadLetterTopics {
  readonly refused: ReadonlyMap<string, DeadLetterTopic>;
  readonly failed: ReadonlyMap<string, DeadLetterTopic>;
}

const NONE: ReadonlyMap<string, DeadLetterTopic> = new Map();

/**
 * Creates or checks the dead-letter topics of a server's services.
 * @returns none of what is not dead-lettered.
 */
export const openDeadLetterTopics = async (
  driver: DriverConnection,
  { services, topics, deadLetter, ...options }: ResolvedServerOptions,
): Promise<DeadLetterTopics> => {
  const opened = new Map<string, DeadLetterTopic>();
  const { refused, failed } = deadLetter;
  if (!refused && !failed) return { refused: NONE, failed: NONE };
  const specs = services.map((service) => deadLetterTopicSpec(topics.deadLetters(service), options));
  await driver.ensureTopics(specs, { create: options.createTopics });
  for (const service of services) {
    const topic = topics.deadLetters(service);
    const letters = { topic, partitions: await driver.partitionCount(topic) };
    opened.set(topics.requests(service), letters);
    opened.set(topics.delays(service), letters);
  }
  return { refused: refused ? opened : NONE, failed: failed ? opened : NONE };
};
