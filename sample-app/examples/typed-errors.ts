// Errors: the caller gets status, text and details; an unknown error stays at the server.
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcClient, RpcError, RpcStatus } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { startService } from './start-service.js';

@Controller()
class OrderController {
  @MessagePattern('order.read')
  read(@Payload() { id }: { id: number }): never {
    if (id < 0) throw new Error('password of the database: hunter2');
    throw new RpcError(RpcStatus.NOT_FOUND, `There is no order ${id}.`, { details: { id } });
  }
}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const service = await startService(OrderController, { service: 'order', driver });
  const client = new KafkaRpcClient({ service: 'order', driver });

  for (const id of [7, -1]) {
    await client.call('order.read', { id }).catch(({ status, message, details, retryable }: RpcError) => {
      console.log(status, '|', message, '|', details, '| retryable:', retryable);
    });
  }

  await client.close();
  await service.close();
}

export const finished = bootstrap();
