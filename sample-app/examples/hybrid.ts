// A hybrid app: HTTP and Kafka call the same handler, with the same global pipe.
import { Controller, Get, Module, ParseIntPipe, Query, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { IsInt } from 'class-validator';
import { KafkaRpcClient, KafkaRpcServer, type RpcError } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';

class Terms {
  @IsInt()
  a!: number;

  @IsInt()
  b!: number;
}

@Controller()
class SumController {
  @Get('sum')
  sum(@Query('a', ParseIntPipe) a: number, @Query('b', ParseIntPipe) b: number): { sum: number } {
    return { sum: this.add({ a, b }) };
  }

  @MessagePattern('sum.add')
  add(@Payload() { a, b }: Terms): number {
    return a + b;
  }
}

@Module({ controllers: [SumController] })
class AppModule {}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const app = await NestFactory.create(AppModule, { logger: false });
  app.useGlobalPipes(new ValidationPipe());
  app.connectMicroservice<MicroserviceOptions>(
    { strategy: new KafkaRpcServer({ service: 'sum', driver }) },
    { inheritAppConfig: true }, // else the pipe is for HTTP only
  );
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');

  const response = await fetch(`${await app.getUrl()}/sum?a=1&b=2`);
  console.log('HTTP: ', await response.json());

  const client = new KafkaRpcClient({ service: 'sum', driver });
  console.log('Kafka:', (await client.call('sum.add', { a: 3, b: 4 })).value);
  await client.call('sum.add', { a: 'three', b: 4 }).catch((error: RpcError) => console.log(error.message));

  await client.close();
  await app.close();
}

export const finished = bootstrap();
