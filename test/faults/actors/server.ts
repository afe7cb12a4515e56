import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import {
  KafkaRpcContext,
  KafkaRpcServer,
  RpcError,
  RpcStatus,
  type KafkaRpcServerOptions,
} from 'nestjs-kafka-rpc';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent, settings } from '../../programs/parent.js';
import { machineMs } from '../machine-clock.js';
import { driverFor, type BrokerAccess } from './driver.js';
import { watchHealth } from './health-watch.js';
import { LineFile } from './line-file.js';
import type { AnswerData, CallData, JournalLine } from './lines.js';
import { stepClock } from './stepped-clock.js';
import { blockFor, watchProcess } from './watch-process.js';

/** What the suite says of a server. */
export interface ServerActorSettings extends Omit<KafkaRpcServerOptions, 'driver'> {
  readonly access: BrokerAccess;
  readonly journal: string;
}

const { access, journal, ...options } = settings<ServerActorSettings>();
const lines = new LineFile<JournalLine>(journal);
watchProcess(lines);

let runs = 0;
/** So many more handlers end before the process dies between a handler and its reply. */
let endsBeforeDeath = Infinity;

const begin = (data: CallData, context: KafkaRpcContext): string => {
  const run = `${process.pid}-${++runs}`;
  const { nonce, kind, key, number } = data;
  lines.add({
    e: 'start',
    t: machineMs(),
    run,
    pid: process.pid,
    nonce,
    kind,
    partition: context.getPartition(),
    offset: Number(context.getOffset()),
    attempt: context.getAttempt(),
    key,
    number,
  });
  return run;
};

const finish = (run: string, how: 'done' | 'stopped' = 'done'): void => {
  lines.add({ e: 'end', t: machineMs(), run, how });
  if (--endsBeforeDeath <= 0) process.kill(process.pid, 'SIGKILL');
};

@Controller()
class SuiteController {
  @MessagePattern('work')
  async work(@Payload() data: CallData, @Ctx() context: KafkaRpcContext): Promise<AnswerData> {
    const run = begin(data, context);
    if (data.ms) await sleep(data.ms);
    finish(run);
    return { nonce: data.nonce, run };
  }

  @MessagePattern('values')
  async *values(@Payload() data: CallData, @Ctx() context: KafkaRpcContext): AsyncGenerator<AnswerData> {
    const run = begin(data, context);
    const { nonce, count = 1, ms = 0 } = data;
    for (let at = 0; at < count; at++) {
      yield { nonce, run, at };
      await sleep(ms);
    }
    finish(run);
  }

  @MessagePattern('refuse')
  refuse(@Payload() data: CallData, @Ctx() context: KafkaRpcContext): never {
    finish(begin(data, context));
    throw new RpcError(RpcStatus.ALREADY_EXISTS, data.nonce);
  }

  /** Works until its caller is gone. */
  @MessagePattern('wait')
  async wait(@Payload() data: CallData, @Ctx() context: KafkaRpcContext): Promise<AnswerData> {
    const run = begin(data, context);
    const { signal } = context;
    await sleep(data.ms, undefined, { signal }).catch(() => undefined);
    finish(run, signal.aborted ? 'stopped' : 'done');
    return { nonce: data.nonce, run };
  }

  @EventPattern<string>('told')
  async told(@Payload() data: CallData, @Ctx() context: KafkaRpcContext): Promise<void> {
    const run = begin(data, context);
    if (data.ms) await sleep(data.ms);
    finish(run);
  }
}

@Module({ controllers: [SuiteController] })
class SuiteModule {}

async function main(): Promise<void> {
  const server = new KafkaRpcServer({ ...options, driver: driverFor(access) });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(SuiteModule, {
    strategy: server,
    logger: ['error', 'fatal'],
  });
  app.enableShutdownHooks();
  await app.listen();
  const health = watchHealth(server);
  answerParent({
    block: (ms: number) => void setImmediate(() => blockFor(ms)),
    step: (byMs: number) => stepClock(byMs),
    dieAfter: (ends: number) => void (endsBeforeDeath = ends),
    gauges: () => ({
      inHand: server.callsInHand,
      residentBytes: process.memoryUsage.rss(),
      counters: server.counters,
      health: health(),
    }),
  });
}

await main();
