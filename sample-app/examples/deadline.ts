// A deadline: the caller gets an error, the handler's signal aborts.
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { KafkaRpcClient, KafkaRpcContext, type RpcError } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService } from './start-service.js';

const stopped = new EventEmitter();

@Controller()
class ReportController {
  @MessagePattern('report.make')
  async make(@Ctx() { signal }: KafkaRpcContext): Promise<string> {
    signal.addEventListener('abort', () => stopped.emit('stopped', signal.reason));
    await sleep(60_000, undefined, { signal });
    return 'too late';
  }
}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const service = await startService(ReportController, { service: 'report', driver });
  const client = new KafkaRpcClient({ service: 'report', driver });
  await client.connect();

  const reason = once(stopped, 'stopped') as Promise<[RpcError]>;
  await client.call('report.make', {}, { timeoutMs: 200 }).catch((error: RpcError) => {
    console.log(`caller: ${error.status}. ${error.message}`);
  });
  console.log(`handler: ${(await reason)[0].message}`);

  await client.close();
  await service.close();
}

export const finished = bootstrap();
