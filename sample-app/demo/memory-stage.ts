import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import type { AddressInfo } from 'node:net';
import { createGateway } from '../gateway/create-gateway.js';
import { createService } from '../service/create-service.js';
import type { Settings } from '../settings.js';
import type { Closers } from './closers.js';
import { shortId, type Report } from './report.js';
import type { Stage } from './stage.js';
import { stopwatch } from './stopwatch.js';

/** No broker to be had: all in this process, over a Kafka in its memory, and said so. */
export async function memoryStage(reason: Error, report: Report, closers: Closers): Promise<Stage> {
  const elapsedMs = stopwatch();
  const [headline = '', ...details] = reason.message.split('\n');
  report.note(`NO REAL BROKER. ${headline}`);
  details.forEach((line) => report.note(line));
  report.note('So the demo falls back to a Kafka in memory. Processes do not share memory: service, gateway');
  report.note('and client run in ONE process this time, and the times below are without a network.');
  const settings: Settings = { driver: memoryDriver(), service: 'sum' };
  report.started('broker', 'in memory', elapsedMs());
  await startService(settings, report, closers);
  await startService(settings, report, closers);
  const gateway = await createGateway(settings);
  closers.add(() => gateway.close());
  const { port } = (await gateway.listen(0)).address() as AddressInfo;
  const gatewayUrl = `http://localhost:${port}`;
  report.started('gateway', `${gatewayUrl}, in this process`, elapsedMs());
  return { gatewayUrl, settings };
}

async function startService(settings: Settings, report: Report, closers: Closers): Promise<void> {
  const elapsedMs = stopwatch();
  const { app, server } = await createService(settings);
  closers.add(() => app.close());
  await app.listen();
  report.started('service', `server ${shortId(server.id)}, in this process`, elapsedMs());
}
