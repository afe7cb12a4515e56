import { Controller, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload, RpcException, type MicroserviceOptions } from '@nestjs/microservices';
import { Module } from '@nestjs/common';
import { firstValueFrom, from, lastValueFrom, toArray } from 'rxjs';
import { KafkaRpcClient, KafkaRpcServer, RpcError } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() { a, b }: { a: number; b: number }): number {
    return a + b;
  }

  @MessagePattern('sum.range')
  range(@Payload() n: number) {
    return from(Array.from({ length: n }, (_, i) => i));
  }

  @MessagePattern('sum.fail')
  fail(): never {
    throw new RpcException('no luck');
  }

  @MessagePattern('sum.typed')
  typed(): never {
    throw new RpcError('NOT_FOUND', 'nothing there', { details: { id: 7 } });
  }

  @MessagePattern('sum.bug')
  bug(): never {
    throw new Error('secret');
  }

  @EventPattern('sum.done')
  done(): void {
    seen.push('done');
  }
}
const seen: string[] = [];

@Module({ controllers: [SumController] })
class SumModule {}

describe('a call', () => {
  let app: INestMicroservice;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    const driver = memoryDriver();
    app = await NestFactory.createMicroservice<MicroserviceOptions>(SumModule, {
      strategy: new KafkaRpcServer({ service: 'sum', driver }),
      logger: false,
    });
    await app.listen();
    client = new KafkaRpcClient({ service: 'sum', driver });
    await client.connect();
  });

  afterAll(async () => {
    await client.close();
    await app.close();
  });

  it('is answered', async () => {
    expect(await firstValueFrom(client.send('sum.add', { a: 1, b: 2 }))).toBe(3);
    const reply = await client.call<number>('sum.add', { a: 2, b: 2 });
    expect(reply.value).toBe(4);
  });

  it('streams', async () => {
    expect(await lastValueFrom(client.send('sum.range', 5).pipe(toArray()))).toEqual([0, 1, 2, 3, 4]);
  });

  it('fails typed', async () => {
    await expect(client.call('sum.fail', {})).rejects.toMatchObject({ status: 'UNKNOWN', message: 'no luck' });
    await expect(client.call('sum.typed', {})).rejects.toMatchObject({ status: 'NOT_FOUND', details: { id: 7 } });
    await expect(client.call('sum.bug', {})).rejects.toMatchObject({
      status: 'INTERNAL',
      message: 'Internal server error',
    });
    await expect(client.call('sum.nothing', {})).rejects.toMatchObject({ status: 'UNIMPLEMENTED' });
  });

  it('emits', async () => {
    await lastValueFrom(client.emit('sum.done', {}));
    await client.call('sum.add', { a: 1, b: 1 });
    await new Promise((r) => setTimeout(r, 50));
    expect(seen).toEqual(['done']);
  });

  it('takes 1,000 at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => client.call<number>('sum.add', { a: i, b: i })),
    );
    expect(answers.map((a) => a.value)).toEqual(Array.from({ length: 1000 }, (_, i) => 2 * i));
  });
});
