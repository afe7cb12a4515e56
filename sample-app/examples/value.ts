// One value: who answered, and where the time went.
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { startService } from './start-service.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() { a, b }: { a: number; b: number }): number {
    return a + b;
  }
}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const service = await startService(SumController, { service: 'sum', driver });
  const client = new KafkaRpcClient({ service: 'sum', driver });

  const { value, attempt, timings } = await client.call<number>('sum.add', { a: 1, b: 2 });
  console.log(`1 + 2 = ${value}, attempt ${attempt}`);
  console.log(`the server took a part of the time: ${timings.serverMs <= timings.totalMs}`);

  await client.close();
  await service.close();
}

export const finished = bootstrap();
