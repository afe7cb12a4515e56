// Keys: calls for one account run one after the other, other accounts run beside them.
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService } from './start-service.js';

const running = new Map<string, number>();

@Controller()
class AccountController {
  @MessagePattern('account.book')
  async book(@Payload() { account, cents }: { account: string; cents: number }): Promise<string> {
    const others = running.get(account) ?? 0;
    running.set(account, others + 1);
    await sleep(10);
    running.set(account, others);
    return `${account} ${cents}: ${others} others at the same time`;
  }
}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const service = await startService(AccountController, { service: 'account', driver });
  const client = new KafkaRpcClient({ service: 'account', driver });

  const book = (account: string, cents: number) =>
    client.call<string>('account.book', { account, cents }, { key: account });
  const replies = await Promise.all([
    book('alice', 10),
    book('alice', 20),
    book('bob', 5),
    book('alice', 30),
  ]);
  for (const { value } of replies) console.log(value);

  await client.close();
  await service.close();
}

export const finished = bootstrap();
