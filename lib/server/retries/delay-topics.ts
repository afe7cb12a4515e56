import type { DriverConnection } from '../../driver/driver.js';
import { checkDelaysApart } from '../../protocol/topics.js';
import { delayTopicSpec } from '../../wire/wire-options.js';
import type { ResolvedServerOptions } from '../server-options.js';

/** Where events of a service wait for their time. */
export interface DelayTopic {
  readonly topic: string;
  readonly partitions: number;
}

/** By the topic that an event was read from: its request topic, or the delay topic itself. */
export type DelayTopics = ReadonlyMap<string, DelayTopic>;

/**
 * Creates or checks the delay topics of a server's services.
 * @param isNeeded whether a handler asks for retries
 * @returns none when nothing is put off.
 */
export const openDelayTopics = async (
  driver: DriverConnection,
  options: ResolvedServerOptions,
  isNeeded: boolean,
): Promise<DelayTopics> => {
  const opened = new Map<string, DelayTopic>();
  if (!(options.delays ?? isNeeded)) return opened;
  const { services, topics } = options;
  checkDelaysApart(topics, services);
  const specs = services.map((service) => delayTopicSpec(topics.delays(service), options));
  await driver.ensureTopics(specs, { create: options.createTopics });
  for (const service of services) {
    const topic = topics.delays(service);
    const delays = { topic, partitions: await driver.partitionCount(topic) };
    opened.set(topic, delays);
    opened.set(topics.requests(service), delays);
  }
  return opened;
};
