// An idempotent handler: its server stops after the work and before the reply. Another server runs the call again, and the money moves once.
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcClient, KafkaRpcContext } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { EventEmitter, once } from 'node:events';
import { startService } from './start-service.js';

/** In place of a table `handled_calls (call_id PRIMARY KEY, result)`, and of the accounts. */
const handledCalls = new Map<string, number>();
const account = { cents: 100 };
const bank = new EventEmitter();
let attempts = 0;

@Controller()
class AccountController {
  @MessagePattern('account.withdraw')
  async withdraw(@Payload() { cents }: { cents: number }, @Ctx() context: KafkaRpcContext): Promise<number> {
    attempts += 1;
    const earlier = handledCalls.get(context.getCallId());
    if (earlier !== undefined) return earlier;
    // With a database: both in one transaction.
    account.cents -= cents;
    handledCalls.set(context.getCallId(), account.cents);
    bank.emit('withdrawn');
    await once(context.signal, 'abort'); // stands for a server that dies here
    return account.cents;
  }
}

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const options = { service: 'account', driver, gracePeriodMs: 50 };
  const first = await startService(AccountController, options);
  const client = new KafkaRpcClient({ service: 'account', driver });

  const withdrawn = once(bank, 'withdrawn');
  const call = client.call<number>('account.withdraw', { cents: 30 });
  await withdrawn;
  const second = await startService(AccountController, options);
  await first.close();

  const { value } = await call;
  console.log(`the caller got ${value}; attempts: ${attempts}; in the account: ${account.cents}`);

  await client.close();
  await second.close();
}

export const finished = bootstrap();
