import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import type { Closers } from './closers.js';
import { Program } from './program.js';
import { shortId, type Report } from './report.js';
import type { Stage } from './stage.js';
import { stopwatch } from './stopwatch.js';

/** Not the default: services that somebody runs by hand on the same broker shall not answer in the demo. */
const SERVICE = 'sum-demo';
const ANY_PORT = '0';

const SERVICE_READY = /server (?<serverId>\w+), process (?<pid>\d+)/;
const GATEWAY_READY = /(?<url>http:\S+), process (?<pid>\d+)/;

/** Two services and the gateway, each in a process of its own, all started at once. */
export async function processStage(
  brokers: readonly string[],
  report: Report,
  closers: Closers,
): Promise<Stage> {
  const elapsedMs = stopwatch();
  const env = { KAFKA_BROKERS: brokers.join(','), SERVICE, PORT: ANY_PORT };
  const start = (program: string, isReady: RegExp): Program => {
    const started = new Program(program, { env, isReady, onLine: (line) => report.note(line) });
    closers.add(() => started.stop());
    return started;
  };
  const services = [start('service', SERVICE_READY), start('service', SERVICE_READY)];
  const gateway = start('gateway', GATEWAY_READY);
  await Promise.all(
    services.map(async ({ ready }) => {
      const { serverId = '', pid } = await ready;
      report.started('service', `server ${shortId(serverId)}, process ${pid}`, elapsedMs());
    }),
  );
  const { url = '', pid } = await gateway.ready;
  report.started('gateway', `${url}, process ${pid}`, elapsedMs());
  return { gatewayUrl: url, settings: { driver: kafkajsDriver({ brokers }), service: SERVICE } };
}
