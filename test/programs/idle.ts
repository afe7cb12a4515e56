import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent, settings } from './parent.js';

const { brokers, service } = settings<{ brokers: string[]; service: string }>();
const driver = kafkajsDriver({ brokers });

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

/** A server and a connected client with nothing to do. */
async function main(): Promise<void> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
    strategy: new KafkaRpcServer({ service, driver }),
    logger: ['error', 'fatal'],
  });
  await app.listen();
  const client = new KafkaRpcClient({ service, driver });
  await client.connect();
  answerParent({
    echo: async (data) => (await client.call('echo', data)).value,
    /** The share of a core that the process uses, in percent. */
    usage: async ({ settleMs, measureMs }: { settleMs: number; measureMs: number }) => {
      await sleep(settleMs);
      const before = process.cpuUsage();
      const startedAt = performance.now();
      await sleep(measureMs);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 10 / (performance.now() - startedAt);
    },
  });
}

await main();
