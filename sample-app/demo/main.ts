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
import { setStage } from './stage.js';

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

async function main(): Promise<void> {
  Logger.overrideLogger(['warn', 'error', 'fatal']);
  const report = new Report((line) => console.log(line));
  const closers = new Closers();
  const interrupt = async (): Promise<void> => {
    report.note('Interrupted: everything is being stopped.');
    await closers.close();
    // A start that was under way is not waited for: the broker's guard and the leashes of the processes end it with us.
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', () => void interrupt());
  process.once('SIGTERM', () => void interrupt());
  await play(report, closers).catch((error: unknown) => report.failed(error));
  const ended = await closers.close();
  process.exitCode = report.end(ended);
}

await main();
