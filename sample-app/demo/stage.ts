import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { startKafka, type Kafka } from '../../test/broker/kafka.js';
import type { Settings } from '../settings.js';
import type { Closers } from './closers.js';
import { memoryStage } from './memory-stage.js';
import { startGateway, startService } from './programs.js';
import type { Report } from './report.js';

/** Two services and a gateway that answer, and how to reach them. */
export interface Stage {
  readonly gatewayUrl: string;
  readonly settings: Settings;
}

/** Not the default: services that somebody runs by hand on the same broker shall not answer in the demo. */
export const SERVICE = 'sum-demo';

const WHERE_FROM: Readonly<Record<Kafka['kind'], string>> = {
  external: 'as KAFKA_BROKERS says; it will be left running',
  docker: 'in a container',
  jars: "from its own jars, under Java, in this demo's own process group",
};

/** On a real broker, with a process for each; in memory, in this process, where there is no broker to be had. */
export async function setStage(report: Report, closers: Closers): Promise<Stage> {
  const elapsedMs = stopwatch();
  const log = (line: string): void => report.note(line);
  const kafka = await startKafka({ nodes: 1, log }).catch((reason: unknown) => reason as Error);
  if (kafka instanceof Error) return memoryStage(kafka, report, closers);
  closers.add(() => kafka.stop(), kafka.kind === 'external' ? undefined : 'broker');
  const version = kafka.version === 'unknown' ? '' : ` ${kafka.version}`;
  report.started('broker', `Apache Kafka${version} at ${kafka.brokers.join(', ')}, ${WHERE_FROM[kafka.kind]}`, elapsedMs());
  return processStage(kafka, report, closers);
}

async function processStage(kafka: Kafka, report: Report, closers: Closers): Promise<Stage> {
  const elapsedMs = stopwatch();
  const env = { KAFKA_BROKERS: kafka.brokers.join(','), SERVICE };
  const programs = [startService(env), startService(env), startGateway(env)] as const;
  for (const program of programs) closers.add(() => program.stop(), program.name);
  for (const program of programs.slice(0, 2)) {
    const { serverId, pid } = await program.ready;
    report.started('service', `server ${report.shortId(serverId)}, process ${pid}`, elapsedMs());
  }
  const { url, pid } = await programs[2].ready;
  report.started('gateway', `${url}, process ${pid}`, elapsedMs());
  return { gatewayUrl: url, settings: { driver: kafkajsDriver({ brokers: kafka.brokers }), service: SERVICE } };
}

/** @returns the milliseconds since it was made */
export const stopwatch = (): (() => number) => {
  const startedAt = performance.now();
  return () => performance.now() - startedAt;
};
