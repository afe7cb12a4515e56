import { Controller, Inject, type BeforeApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { ClientsModule, MessagePattern } from '@nestjs/microservices';
import { KafkaRpcClient, KafkaRpcModule } from 'nestjs-kafka-rpc';
import { deferred } from '../../support/deferred.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('app.close()', () => {
  const order: string[] = [];
  let gate = deferred();
  let cluster: RpcCluster;

  @Controller()
  class BackController {
    @MessagePattern('back')
    back(): string {
      return 'from behind';
    }
  }

  @Controller()
  class FrontController implements OnModuleDestroy, BeforeApplicationShutdown {
    constructor(@Inject('BACK') private readonly client: KafkaRpcClient) {}

    @MessagePattern('front')
    async front(): Promise<unknown> {
      order.push('started');
      await gate.promise;
      const { value } = await this.client.call('back', {});
      order.push('answered');
      return value;
    }

    onModuleDestroy(): void {
      order.push('destroyed');
    }

    beforeApplicationShutdown(): void {
      order.push('shutting down');
    }
  }

  beforeEach(async () => {
    order.splice(0);
    gate = deferred();
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [BackController] }, { service: 'back' });
  });

  afterEach(() => cluster.close());

  it.each([
    [
      'KafkaRpcModule',
      () => KafkaRpcModule.register({ driver: cluster.driver, clients: [{ name: 'BACK', service: 'back' }] }),
    ],
    [
      'ClientsModule',
      () =>
        ClientsModule.register([
          { name: 'BACK', customClass: KafkaRpcClient, options: { service: 'back', driver: cluster.driver } },
        ]),
    ],
  ])('lets running handlers use the clients of %s, and closes these last', async (_module, clients) => {
    const { app, server } = await cluster.serve({ imports: [clients()], controllers: [FrontController] });
    const inner = app.get<KafkaRpcClient>('BACK');
    const call = cluster.client().call('front', {});
    await until(() => order.includes('started'));
    const closing = app.close().then(() => order.push('closed'));
    await turns();
    gate.resolve();
    await closing;
    expect((await call).value).toBe('from behind');
    expect(order).toEqual(['started', 'answered', 'destroyed', 'shutting down', 'closed']);
    expect(() => inner.unwrap()).toThrow('not connected');
    expect(server.callsInHand).toBe(0);
  });

  it('is called by a signal when shutdown hooks are enabled', async () => {
    const { app, server } = await cluster.serve({ controllers: [BackController] }, { service: 'other' });
    app.enableShutdownHooks(['SIGUSR2']);
    const stopped = new Promise<void>((resolve) => {
      server.status.subscribe((state) => {
        if (state === 'stopped') resolve();
      });
    });
    const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
    process.emit('SIGUSR2', 'SIGUSR2');
    await stopped;
    await until(() => kill.mock.calls.length === 1);
    kill.mockRestore();
  });
});
