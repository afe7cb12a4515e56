// Migration: one app serves its handlers over the old transport and over Kafka, while callers move one by one.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { createServer, type AddressInfo } from 'node:net';
import { firstValueFrom } from 'rxjs';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() { a, b }: { a: number; b: number }): number {
    return a + b;
  }
}

@Module({ controllers: [SumController] })
class AppModule {}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const options = { host: '127.0.0.1', port: await freePort() };
  const app = await NestFactory.create(AppModule, { logger: false });
  app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options });
  app.connectMicroservice<MicroserviceOptions>({ strategy: new KafkaRpcServer({ service: 'sum', driver }) });
  await app.startAllMicroservices();

  const oldClient = ClientProxyFactory.create({ transport: Transport.TCP, options });
  const newClient = new KafkaRpcClient({ service: 'sum', driver });
  for (const [name, client] of Object.entries({ TCP: oldClient, Kafka: newClient })) {
    console.log(`${name}: ${await firstValueFrom(client.send<number>('sum.add', { a: 1, b: 2 }))}`);
  }

  await oldClient.close();
  await newClient.close();
  await app.close();
}

export const finished = bootstrap();
