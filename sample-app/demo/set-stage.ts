import { startKafka } from '../../test/broker/kafka.js';
import type { Closers } from './closers.js';
import { memoryStage } from './memory-stage.js';
import { processStage } from './process-stage.js';
import type { Report } from './report.js';
import type { Stage } from './stage.js';
import { stopwatch } from './stopwatch.js';

const WHERE_FROM = { docker: 'in a container', jars: 'from its own jars' } as const;

/** On a real broker, with a process for each; in memory, in this process, where there is no broker to be had. */
export async function setStage(report: Report, closers: Closers): Promise<Stage> {
  const elapsedMs = stopwatch();
  const kafka = await startKafka({ log: (line) => report.note(line) }).catch(whyNot);
  if (kafka instanceof Error) return memoryStage(kafka, report, closers);
  closers.add(() => kafka.stop());
  const addresses = kafka.brokers.join(', ');
  if (kafka.kind === 'external') {
    report.note(`broker    the one of KAFKA_BROKERS at ${addresses}; it will be left running`);
  } else {
    const description = `Apache Kafka ${kafka.version} at ${addresses}, ${WHERE_FROM[kafka.kind]}`;
    report.started('broker', description, elapsedMs());
  }
  return processStage(kafka.brokers, report, closers);
}

const whyNot = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
