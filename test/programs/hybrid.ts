import 'reflect-metadata';
import {
  BadRequestException,
  Controller,
  Get,
  Injectable,
  Module,
  type OnModuleDestroy,
  type PipeTransform,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, RpcException, type MicroserviceOptions } from '@nestjs/microservices';
import { closeOnSignals, KafkaRpcClient, KafkaRpcModule, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import { Inject } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent, settings } from './parent.js';

const { brokers, service } = settings<{ brokers: string[]; service: string }>();
const driver = kafkajsDriver({ brokers });

/** A pipe of the whole app: `inheritAppConfig` makes it guard calls as it guards HTTP. */
class NoNegativeWait implements PipeTransform {
  transform(value: { ms?: number }): unknown {
    if ((value.ms ?? 0) >= 0) return value;
    throw new RpcException({ status: 'INVALID_ARGUMENT', message: 'Wait for a positive time.' });
  }
}

/** What a handler needs until it ends, as a pool of connections. */
@Injectable()
class Dependency implements OnModuleDestroy {
  isOpen = true;

  onModuleDestroy(): void {
    this.isOpen = false;
  }
}

@Controller()
class HybridController {
  constructor(
    @Inject('SELF') private readonly self: KafkaRpcClient,
    private readonly dependency: Dependency,
  ) {}

  @Get('health')
  async health(): Promise<unknown> {
    const { value } = await this.self.call('echo', { nonce: 'over HTTP' });
    if (value === undefined) throw new BadRequestException();
    return value;
  }

  @MessagePattern('echo')
  async echo(@Payload() { nonce, ms = 0 }: { nonce: string; ms?: number }): Promise<object> {
    await sleep(ms);
    if (!this.dependency.isOpen) throw new RpcException('The dependency was closed before its user.');
    return { nonce, server: 'hybrid' };
  }
}

@Module({
  imports: [KafkaRpcModule.register({ driver, clients: [{ name: 'SELF', service }] })],
  controllers: [HybridController],
  providers: [Dependency],
})
class HybridModule {}

/** An app that speaks HTTP and Kafka. */
async function main(): Promise<void> {
  const app = await NestFactory.create(HybridModule, { logger: ['error', 'fatal'] });
  app.useGlobalPipes(new NoNegativeWait());
  const server = new KafkaRpcServer({ service, driver });
  app.connectMicroservice<MicroserviceOptions>({ strategy: server }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  let isClosing = false;
  const watched = { close: async () => void (isClosing = true) };
  closeOnSignals(app, { servers: [watched, server] });
  answerParent({
    url: () => app.getUrl(),
    callsInHand: () => server.callsInHand,
    isClosing: () => isClosing,
    // Nest's own order in a hybrid app: providers are destroyed, and then servers are closed.
    close: () => server.close().then(() => app.close()),
  });
}

await main();
