// A stream: the caller takes three values, and the handler stops.
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { EventEmitter, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { lastValueFrom, take, tap } from 'rxjs';
import { startService } from './start-service.js';

const cursor = new EventEmitter();

@Controller()
class RowsController {
  @MessagePattern('rows.read')
  async *read(): AsyncGenerator<string> {
    try {
      for (let id = 1; ; id++) {
        yield `row ${id}`;
        await turn();
      }
    } finally {
      cursor.emit('closed');
    }
  }
}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const service = await startService(RowsController, { service: 'rows', driver });
  const client = new KafkaRpcClient({ service: 'rows', driver });

  const closed = once(cursor, 'closed');
  await lastValueFrom(client.send<string>('rows.read', {}).pipe(take(3), tap(console.log)));
  await closed;
  console.log('the handler has closed its cursor');

  await client.close();
  await service.close();
}

export const finished = bootstrap();
