import { Controller, Inject, Injectable } from '@nestjs/common';
import {
  ClientProxyFactory,
  ClientsModule,
  MessagePattern,
  Payload,
  type ClientProxy,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { GatedDriver } from '../../support/gated-driver.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

@Injectable()
class Gateway {
  constructor(@Inject('SUM') readonly client: ClientProxy) {}
}

describe('Nest’s own ways to a client', () => {
  let cluster: RpcCluster;
  let gate: GatedDriver;

  beforeEach(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [EchoController] });
    gate = new GatedDriver(cluster.driver);
  });

  afterEach(() => cluster.close());

  const options = (): { service: string; driver: GatedDriver } => ({ service: 'sum', driver: gate });

  it.each([
    [
      'register',
      () => ClientsModule.register([{ name: 'SUM', customClass: KafkaRpcClient, options: options() }]),
    ],
    [
      'registerAsync',
      () =>
        ClientsModule.registerAsync([
          { name: 'SUM', useFactory: () => ({ customClass: KafkaRpcClient, options: options() }) },
        ]),
    ],
  ])('ClientsModule.%s gives one, and closes it with the app', async (_name, clients) => {
    const module = await Test.createTestingModule({ imports: [clients()], providers: [Gateway] }).compile();
    const { client } = module.get(Gateway);
    expect(client).toBeInstanceOf(KafkaRpcClient);
    expect(await lastValueFrom(client.send('echo', 1))).toBe(1);
    await module.close();
    expect(gate.open).toBe(0);
  });

  it('ClientProxyFactory gives one', async () => {
    const client = ClientProxyFactory.create({ customClass: KafkaRpcClient, options: options() });
    expect(await lastValueFrom(client.send('echo', 1))).toBe(1);
    await client.close();
  });
});
