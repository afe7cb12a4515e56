import type { Counters } from '../diagnostics/counters.js';
import type { DriverConnection } from '../driver/driver.js';
import { BrokerClock } from '../wire/broker-clock.js';
import { Codec } from '../wire/codec.js';
import { replyTopicSpec, requestTopicSpec } from '../wire/wire-options.js';
import { BrokerTimes } from './broker-times.js';
import { replyDestination } from './caller.js';
import { endured } from './endured-start.js';
import { openDeadLetterTopics, type DeadLetterTopics } from './dead-letters/dead-letter-topics.js';
import { openResultTopics, type ResultTopics } from './results/result-topics.js';
import { openDelayTopics, type DelayTopics } from './retries/delay-topics.js';
import type { ResolvedServerOptions } from './server-options.js';

/** What is there before a server reads: open stages, its topics, the broker's time. */
export interface PreparedServer {
  readonly id: Buffer;
  readonly codec: Codec;
  readonly clock: BrokerClock;
  readonly times: BrokerTimes;
  readonly counters: Counters;
  readonly replyPartitions: number;
  readonly deadLetterTopics: DeadLetterTopics;
  readonly delayTopics: DelayTopics;
  readonly resultTopics: ResultTopics;
}

/**
 * Opens the stages, creates or checks the topics, learns the time.
 * @param needsDelays whether any handler's events can wait
 * @throws RpcError the first that fails
 */
export const prepareServer = async (
  driver: DriverConnection,
  options: ResolvedServerOptions,
  needsDelays: boolean,
  { signal, ...parts }: { readonly id: Buffer; readonly counters: Counters; readonly signal: AbortSignal },
): Promise<PreparedServer> => {
  const codec = new Codec(options.serializer, options.interceptors, options.stageTimeoutMs);
  await codec.open();
  const topics = options.services.map((service) =>
    requestTopicSpec(options.topics.requests(service), options),
  );
  const specs = [replyTopicSpec(options), ...topics];
  await endured(() => driver.ensureTopics(specs, { create: options.createTopics }), { signal });
  const replyPartitions = await driver.partitionCount(options.topics.replies);
  const deadLetterTopics = await openDeadLetterTopics(driver, options);
  const delayTopics = await openDelayTopics(driver, options, needsDelays);
  const clock = new BrokerClock();
  const destinations = Array.from({ length: replyPartitions }, (_, partition) =>
    replyDestination(parts.id, parts.id, { topic: options.topics.replies, partition }, codec),
  );
  const times = new BrokerTimes({ connection: driver, codec, clock, destinations });
  await endured(() => times.learn(), { signal });
  const resultTopics = await openResultTopics(driver, options);
  return { ...parts, codec, clock, times, replyPartitions, deadLetterTopics, delayTopics, resultTopics };
};
