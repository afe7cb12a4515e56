import { KafkaRpcModule, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { Test } from '@nestjs/testing';
import { RpcCluster } from '../../support/rpc-cluster.js';

describe('the status of a client', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it('is disconnected after close(), and its listeners hear of it', async () => {
    const client = cluster.client();
    const states: string[] = [];
    const onDisconnected = jest.fn();
    client.status.subscribe((state) => states.push(state));
    client.on('disconnected', onDisconnected);
    await client.connect();
    await client.close();
    expect(states).toEqual(['connected', 'disconnected']);
    expect(onDisconnected).toHaveBeenCalledTimes(1);
  });

  it('is connected for each client of a shared connection, also for one that comes later', async () => {
    const clients = ['ONE', 'TWO'].map((name) => ({ name, service: name.toLowerCase() }));
    const module = await Test.createTestingModule({
      imports: [KafkaRpcModule.register({ driver: cluster.driver, clients })],
    }).compile();
    cluster.onClose(() => module.close());
    const states: string[] = [];
    for (const { name } of clients) {
      const client = module.get<KafkaRpcClient>(name);
      client.status.subscribe((state) => states.push(`${name} ${state}`));
      await client.connect();
    }
    expect(states).toEqual(['ONE connected', 'TWO connected']);
  });
});
