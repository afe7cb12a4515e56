// Events: the sender learns that the broker has them. One that fails is counted and, without `retry`, not run again.
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { KafkaRpcClient, KafkaRpcRecordBuilder, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { EventEmitter, once } from 'node:events';
import { lastValueFrom } from 'rxjs';

const mail = new EventEmitter();

@Controller()
class MailController {
  @EventPattern('mail.send')
  send(@Payload() { to }: { to: string }): void {
    if (!to.includes('@')) throw new Error(`${to} is no address`);
    console.log(`mail to ${to}`);
    mail.emit(to);
  }
}

@Module({ controllers: [MailController] })
class MailModule {}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const strategy = new KafkaRpcServer({ service: 'mail', driver });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(MailModule, {
    strategy,
    logger: false,
  });
  await app.listen();
  const client = new KafkaRpcClient({ service: 'mail', driver });

  const last = once(mail, 'bob@example.org');
  for (const to of ['alice@example.org', 'nobody', 'bob@example.org']) {
    const record = new KafkaRpcRecordBuilder({ to }).setKey('mails').build(); // one key, so in this order
    await lastValueFrom(client.emit('mail.send', record), { defaultValue: undefined });
  }
  await last;
  await client.close();
  await app.close();
  const { eventsStarted, eventsFailed } = strategy.counters;
  console.log(`${eventsStarted} events, ${eventsFailed} failed`);
}

export const finished = bootstrap();
