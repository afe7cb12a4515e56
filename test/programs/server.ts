import 'reflect-metadata';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcContext, KafkaRpcServer, type KafkaRpcServerOptions } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent, settings } from './parent.js';

/** What a test says of a server in a process of its own. */
export interface ServerSettings extends Omit<KafkaRpcServerOptions, 'driver'> {
  readonly brokers: readonly string[];
  /** What its answers call it. */
  readonly name: string;
  /** The file to which every execution is appended before it goes on: nothing is lost when the process is killed. */
  readonly journal?: string;
  /** Serves only when it is asked to `listen`: what a process does to start is over then. @default false */
  readonly isIdle?: boolean;
}

/** A line of the journal, written when a handler starts. */
export interface Execution {
  readonly callId: string;
  readonly server: string;
  readonly data: unknown;
}

/** A call that is harmful to its server. */
export interface Deadly {
  readonly how: 'abort' | 'exit' | 'out of memory' | 'block' | 'nothing';
}

const WAYS_TO_DIE: Readonly<Record<Deadly['how'], () => string>> = {
  abort: () => process.abort(),
  exit: () => process.exit(7),
  'out of memory': () => {
    const held: unknown[] = [];
    for (;;) held.push(Array.from({ length: 100_000 }, (_, i) => ({ i })));
  },
  block: () => {
    const untilMs = performance.now() + 10_000;
    while (performance.now() < untilMs);
    return 'blocked';
  },
  nothing: () => 'alive',
};

const { brokers, name, journal, isIdle, ...options } = settings<ServerSettings>();

let release!: () => void;
/** What handlers wait for whose calls say so. */
const released = new Promise<void>((resolve) => (release = resolve));

@Controller()
class EchoController {
  @MessagePattern('echo')
  async echo(
    @Payload() data: { nonce: string; ms?: number; isHeld?: boolean },
    @Ctx() context: KafkaRpcContext,
  ): Promise<object> {
    note(data, context);
    if (data.ms !== undefined) await sleep(data.ms);
    if (data.isHeld) await released;
    return { nonce: data.nonce, server: name, partition: context.getPartition() };
  }

  /** The numbers from 0 on, one after the other. */
  @MessagePattern('numbers')
  async *numbers(@Payload() { count, everyMs }: { count: number; everyMs: number }): AsyncGenerator<number> {
    for (let i = 0; i < count; i++) {
      await sleep(everyMs);
      yield i;
    }
  }

  /** Ends this process, or keeps it from all else. */
  @MessagePattern('deadly')
  deadly(@Payload() data: Deadly, @Ctx() context: KafkaRpcContext): string {
    note(data, context);
    return WAYS_TO_DIE[data.how]();
  }

  @EventPattern<string>('told.deadly')
  toldDeadly(@Payload() data: Deadly, @Ctx() context: KafkaRpcContext): void {
    note(data, context);
    WAYS_TO_DIE[data.how]();
  }

  @EventPattern<string>('told')
  told(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): void {
    note(data, context);
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

const note = (data: unknown, context: KafkaRpcContext): void => {
  if (journal === undefined) return;
  const execution: Execution = { callId: context.getCallId(), server: name, data };
  appendFileSync(journal, `${JSON.stringify(execution)}\n`);
};

async function main(): Promise<void> {
  const server = new KafkaRpcServer({ ...options, driver: kafkajsDriver({ brokers }) });
  const app: INestMicroservice = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
    strategy: server,
    logger: ['error', 'fatal'],
  });
  app.enableShutdownHooks();
  // Nothing else holds a process that does not listen yet.
  const idle = isIdle ? setInterval(() => undefined, 60_000) : await app.listen();
  answerParent({
    listen: async () => {
      await app.listen();
      clearInterval(idle);
    },
    close: () => app.close(),
    release: () => release(),
    counters: () => server.counters,
    callsInHand: () => server.callsInHand,
  });
}

await main();
