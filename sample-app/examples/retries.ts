// Retries: the broker is away for a moment, and the caller tries again while the error is retryable.
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { KafkaRpcClient, RpcError } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { startService } from './start-service.js';

@Controller()
class PriceController {
  @MessagePattern('price.read')
  read(): number {
    return 42;
  }
}

async function withRetries<T>(attempt: () => Promise<T>, pause: () => Promise<void>): Promise<T> {
  for (let left = 3; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RpcError) || !error.retryable || left === 0) throw error;
      console.log(`${error.status}: trying again`);
      await pause();
    }
  }
}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const service = await startService(PriceController, { service: 'price', driver });
  const client = new KafkaRpcClient({ service: 'price', driver });
  await client.connect();

  driver.stopBroker();
  const { value } = await withRetries(
    () => client.call<number>('price.read', {}),
    async () => driver.startBroker(), // in an app: wait for some milliseconds
  );
  console.log(`the price is ${value}`);

  await client.close();
  await service.close();
}

export const finished = bootstrap();
