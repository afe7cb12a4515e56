// Events that are tried again, and one that fails for good: it is kept, listed, and sent again.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import {
  KafkaRpcClient,
  KafkaRpcContext,
  KafkaRpcDeadLetters,
  KafkaRpcServer,
  RpcError,
  type FailedEvent,
} from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { EventEmitter, once } from 'node:events';

const events = new EventEmitter();
const warehouse = { isOpen: false };

@Controller()
class OrdersController {
  @EventPattern<string>('order.paid', { retry: { attempts: 3, backoffMs: 20 } })
  paid(@Payload() { id }: { id: number }, @Ctx() context: KafkaRpcContext): void {
    const redriven = context.getHistory()?.redriven ?? 0;
    console.log(
      `order ${id}: attempt ${context.getAttempt()}${redriven > 0 ? ', from the dead letters' : ''}`,
    );
    if (!warehouse.isOpen) throw new RpcError('UNAVAILABLE', 'the warehouse is closed');
    events.emit('shipped');
  }
}

@Module({ controllers: [OrdersController] })
class OrdersModule {}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const strategy = new KafkaRpcServer({
    service: 'orders',
    driver,
    deadLetter: { failed: true },
    onDeadLetter: (event: FailedEvent) => void events.emit('failed', event),
  });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(OrdersModule, {
    strategy,
    logger: false,
  });
  await app.listen();
  const client = new KafkaRpcClient({ service: 'orders', driver });

  const failed = once(events, 'failed');
  client.emit('order.paid', { id: 1 });
  const [event] = (await failed) as [FailedEvent];
  console.log(`${event.pattern} failed ${event.attempts} times: ${event.lastError.message}`);

  warehouse.isOpen = true;
  const letters = new KafkaRpcDeadLetters({ service: 'orders', driver });
  const shipped = once(events, 'shipped');
  const { redriven } = await letters.redrive({ pattern: 'order.paid' });
  await shipped;
  console.log(`${redriven} sent again`);

  await letters.close();
  await client.close();
  await app.close();
}

export const finished = bootstrap();
