import { setTimeout as sleep } from 'node:timers/promises';
import { noFaults } from './no-faults.js';
import type { Kafka, KafkaOptions } from './running-kafka.js';

const ANSWER_WITHIN_MS = 2_000;
const IMAGE = 'confluentinc/cp-kafka:8.1.0';
const KAFKA_VERSION = '4.1';
const CLIENT_PORT = 9093;

/** Says why Docker cannot be used, or nothing when an engine answers. */
export async function missingForDocker(): Promise<string | undefined> {
  const late = new AbortController();
  try {
    return await Promise.race([
      engineAnswers(),
      sleep(ANSWER_WITHIN_MS, `no Docker engine answered within ${ANSWER_WITHIN_MS} ms`, {
        signal: late.signal,
      }),
    ]);
  } catch (error) {
    return `no Docker engine answers (${error instanceof Error ? error.message : String(error)})`;
  } finally {
    late.abort();
  }
}

async function engineAnswers(): Promise<undefined> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  await getContainerRuntimeClient();
  return undefined;
}

/** One broker in a container, which testcontainers removes when this process ends in any way. */
export async function dockerKafka(options: KafkaOptions): Promise<Kafka> {
  const { KafkaContainer } = await import('@testcontainers/kafka');
  const container = await new KafkaContainer(IMAGE)
    .withKraft()
    .withEnvironment(imageEnvironment(options.config ?? {}))
    .start();
  const brokers = [`${container.getHost()}:${container.getMappedPort(CLIENT_PORT)}`];
  return {
    ...noFaults('docker'),
    kind: 'docker',
    version: KAFKA_VERSION,
    brokers,
    direct: brokers,
    routes: [],
    nodes: 1,
    stop: async () => void (await container.stop()),
  };
}

/** Broker settings as the image's environment: `auto.create.topics.enable` is `KAFKA_AUTO_CREATE_TOPICS_ENABLE`. */
export function imageEnvironment(config: Readonly<Record<string, string>>): Record<string, string> {
  const settings = {
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '3',
    'transaction.state.log.replication.factor': '1',
    ...config,
  };
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      `KAFKA_${name.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase()}`,
      value,
    ]),
  );
}
