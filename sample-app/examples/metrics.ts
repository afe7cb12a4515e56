// Metrics: one channel reports the end of every call, on both sides.
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { KafkaRpcClient, RpcError, type CallEnded } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { channel } from 'node:diagnostics_channel';
import { startService } from './start-service.js';

@Controller()
class StockController {
  @MessagePattern('stock.read')
  read(): number {
    return 5;
  }

  @MessagePattern('stock.reserve')
  reserve(): never {
    throw new RpcError('FAILED_PRECONDITION', 'Sold out.');
  }
}

async function bootstrap(): Promise<void> {
  const calls = new Map<string, number>();
  const count = (message: unknown): void => {
    const { side, pattern, status } = message as CallEnded;
    const labels = `${side} ${pattern} ${status}`;
    calls.set(labels, (calls.get(labels) ?? 0) + 1);
  };
  channel('nestjs-kafka-rpc:call-ended').subscribe(count);

  const driver = memoryDriver();
  const service = await startService(StockController, { service: 'stock', driver });
  const client = new KafkaRpcClient({ service: 'stock', driver });
  await client.call('stock.read', {});
  await client.call('stock.read', {});
  await client.call('stock.reserve', {}).catch(() => undefined);
  await client.close();
  await service.close();

  channel('nestjs-kafka-rpc:call-ended').unsubscribe(count);
  for (const labels of [...calls.keys()].sort()) console.log(labels, calls.get(labels));
}

export const finished = bootstrap();
