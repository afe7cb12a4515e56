import { jarsKafka } from './cluster.js';
import { dockerKafka, missingForDocker } from './docker.js';
import { externalKafka } from './external.js';
import { missingForJars } from './jars.js';
import type { Kafka, KafkaKind, KafkaOptions } from './running-kafka.js';

export type { Kafka, KafkaKind, KafkaOptions } from './running-kafka.js';

/** What this machine offers; each probe says what is missing, or nothing. */
export interface Offers {
  readonly brokers: string | undefined;
  docker(): Promise<string | undefined>;
  jars(): Promise<string | undefined>;
}

/** A broker that answers: `KAFKA_BROKERS` if set, else Docker, else Apache Kafka's own jars under Java. */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const offers = { brokers: process.env.KAFKA_BROKERS, docker: missingForDocker, jars: missingForJars };
  const kind = await chooseKind(options, offers);
  switch (kind) {
    case 'external':
      return externalKafka(offers.brokers ?? '');
    case 'docker':
      return dockerKafka(options);
    case 'jars':
      return jarsKafka({ ...options, log });
  }
}

/** The first kind that can give what is asked; rejects with what to provide when none can. */
export async function chooseKind(options: KafkaOptions, offers: Offers): Promise<KafkaKind> {
  const missing: string[] = [];
  const reason = onlyJars(options);
  if (reason !== undefined) missing.push(`KAFKA_BROKERS and Docker: ${reason}`);
  else {
    if (offers.brokers?.trim()) return 'external';
    missing.push('KAFKA_BROKERS: not set');
    const docker = options.nodes === 3 ? 'gives one node, and three are asked for' : await offers.docker();
    if (docker === undefined) return 'docker';
    missing.push(`Docker: ${docker}`);
  }
  const jars = await offers.jars();
  if (jars === undefined) return 'jars';
  missing.push(`Java 17 + Maven: ${jars}`);
  throw new Error(
    [
      'No Kafka to run against. Provide one of the three: a Docker engine, Java 17 + Maven, ' +
        'or KAFKA_BROKERS=host:port of a running broker. Found missing:',
      ...missing.map((line) => `  - ${line}`),
    ].join('\n'),
  );
}

/** Why only processes of our own will do, or nothing. */
function onlyJars(options: KafkaOptions): string | undefined {
  if (options.killable) return 'they cannot kill or pause a node';
  if (options.proxied) return 'they do not advertise proxies';
  if (options.asTheyCome) return 'their settings are not ours to leave alone';
  return undefined;
}
