// Durable: a call is made while no server is up. It waits in Kafka, and is answered when one starts.
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { startService } from './start-service.js';

@Controller()
class GreetingController {
  @MessagePattern('greeting.say')
  say(): string {
    return 'hello, at last';
  }
}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  // The topic of the service exists since its last deploy.
  await (await startService(GreetingController, { service: 'greeting', driver })).close();
  const client = new KafkaRpcClient({ service: 'greeting', driver });

  const call = client.call<string>('greeting.say', {}, { timeoutMs: 30_000 });
  console.log('the call is made, no server is up');
  const service = await startService(GreetingController, { service: 'greeting', driver });
  console.log((await call).value);

  await client.close();
  await service.close();
}

export const finished = bootstrap();
