import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { Closers } from './closers.js';
import { GatewayClient } from './gateway-client.js';
import { Report } from './report.js';
import { anError } from './scenes/an-error.js';
import { anEvent } from './scenes/an-event.js';
import { aStream } from './scenes/a-stream.js';
import { aValue } from './scenes/a-value.js';
import type { Scene } from './scenes/scene.js';
import { aThousandCalls } from './scenes/a-thousand-calls.js';
import { setStage } from './set-stage.js';

const SCENES: readonly Scene[] = [aValue, aStream, anError, anEvent, aThousandCalls];
const INTERRUPTED = 130;

/** Broker, services and gateway, then each kind of call through HTTP and through a client of its own. */
async function play(report: Report, closers: Closers): Promise<void> {
  const { gatewayUrl, settings } = await setStage(report, closers);
  const gateway = new GatewayClient(gatewayUrl);
  closers.add(() => gateway.close());
  const client = new KafkaRpcClient(settings);
  closers.add(() => client.close());
  await client.connect();
  for (const { title, play } of SCENES) {
    report.scene(title);
    for await (const answer of play({ gateway, client })) report.answer(answer);
  }
}

/** Ctrl-C, or `kill`; the second time this process ends at once, and the rest with it. */
const interruption = (): Promise<'interrupted'> =>
  new Promise((resolve) => {
    let times = 0;
    const onSignal = (): void => {
      times += 1;
      if (times > 1) process.exit(INTERRUPTED);
      resolve('interrupted');
    };
    // Listeners that stay: testcontainers' signal-exit ends the process when it finds itself to be the last listener.
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });

async function main(): Promise<void> {
  Logger.overrideLogger(['warn', 'error', 'fatal']);
  const interrupted = interruption();
  const report = new Report((line) => console.log(line));
  const closers = new Closers();
  const failed = (error: unknown): void => report.failed(error);
  const outcome = await Promise.race([play(report, closers), interrupted]).catch(failed);
  if (outcome === 'interrupted') report.note('Interrupted: what was started is being stopped.');
  await closers.close().catch(failed);
  // A broker that was still starting is not waited for: its guard ends it when this process is gone.
  if (outcome === 'interrupted') process.exit(INTERRUPTED);
  process.exitCode = report.end();
}

await main();
