import type { DriverConnection } from '../../driver/driver.js';
import type { TopicPartition } from '../../driver/record.js';
import { checkResultsApart } from '../../protocol/topics.js';
import { resultTopicSpec } from '../../wire/wire-options.js';
import type { ResolvedServerOptions } from '../server-options.js';

/** By request topic: where results of its calls are kept. None where none are. */
export type ResultTopics = ReadonlyMap<string, { readonly topic: string; readonly partitions: number }>;

/** Creates or checks the result topics of a server's services, where it keeps results. */
export const openResultTopics = async (
  driver: DriverConnection,
  options: ResolvedServerOptions,
): Promise<ResultTopics> => {
  const opened = new Map<string, { topic: string; partitions: number }>();
  const { services, topics, idempotency } = options;
  if (idempotency === undefined) return opened;
  checkResultsApart(topics, services);
  const specs = services.map((service) => resultTopicSpec(topics.results(service), options, idempotency));
  await driver.ensureTopics(specs, { create: options.createTopics });
  for (const service of services) {
    const topic = topics.results(service);
    opened.set(topics.requests(service), { topic, partitions: await driver.partitionCount(topic) });
  }
  return opened;
};

/** Where results of calls of this partition stand: in the partition of the same number, or what that comes to among fewer. */
export const resultPlace = (
  topics: ResultTopics,
  { topic, partition }: TopicPartition,
): TopicPartition | undefined => {
  const results = topics.get(topic);
  return results && { topic: results.topic, partition: partition % results.partitions };
};
