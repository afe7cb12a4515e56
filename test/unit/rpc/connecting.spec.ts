import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { KafkaRpcServer, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { GatedDriver, unreachable } from '../../support/gated-driver.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns } from '../../support/until.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

describe('a client connects', () => {
  let cluster: RpcCluster;
  let gate: GatedDriver;
  let client: KafkaRpcClient;

  beforeEach(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [SumController] });
    gate = new GatedDriver(cluster.driver);
    client = cluster.client({ driver: gate });
  });

  afterEach(() => cluster.close());

  it('at its first call, not before', async () => {
    await turns();
    expect(gate.attempts).toBe(0);
    await client.call('sum.add', {});
    expect(gate.attempts).toBe(1);
  });

  it('at its first event', async () => {
    await lastValueFrom(client.emit('sum.done', {}));
    expect(gate.attempts).toBe(1);
  });

  it('once, however many call at once', async () => {
    await Promise.all([
      client.connect(),
      client.call('sum.add', {}),
      lastValueFrom(client.send('sum.add', {})),
    ]);
    await client.connect();
    expect(gate.attempts).toBe(1);
  });

  it('again after a failure, which every call that waited for it hears', async () => {
    gate.before.set(1, unreachable());
    const [first, second] = await Promise.allSettled([client.call('sum.add', {}), client.connect()]);
    for (const { reason } of [first, second] as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ status: 'UNAVAILABLE', message: 'Nobody answers at broker:9092.' });
    }
    expect((await client.call('sum.add', {})).value).toBe(3);
    expect(gate.attempts).toBe(2);
  });

  it('again after its topic could not be used, with the connection closed in between', async () => {
    const picky = cluster.client({ driver: gate, service: 'new', createTopics: false });
    await expect(picky.connect()).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: expect.stringContaining('rpc.new.requests') as string,
    });
    await cluster.serve({ controllers: [SumController] }, { service: 'new' });
    expect((await picky.call('sum.add', {})).value).toBe(3);
  });

  it('anew at the first call after close()', async () => {
    await client.call('sum.add', {});
    await client.close();
    expect(gate.open).toBe(0);
    expect((await client.call('sum.add', {})).value).toBe(3);
    expect(gate.open).toBe(1);
  });
});

describe('a server listens', () => {
  const listen = (server: KafkaRpcServer): Promise<unknown> =>
    new Promise((resolve) => server.listen(resolve));

  it('again after a failure, which the callback hears', async () => {
    const cluster = new RpcCluster();
    const gate = new GatedDriver(cluster.driver);
    gate.before.set(1, unreachable());
    const server = new KafkaRpcServer({ service: 'sum', driver: gate });
    expect(await listen(server)).toMatchObject({ status: 'UNAVAILABLE' });
    expect(await listen(server)).toBeUndefined();
    expect(gate.attempts).toBe(2);
    await server.close();
    expect(gate.open).toBe(0);
  });

  it('not to a topic that does not exist and shall not be created, and closes its connection', async () => {
    const gate = new GatedDriver(new RpcCluster().driver);
    const server = new KafkaRpcServer({ service: 'sum', driver: gate, createTopics: false });
    expect(await listen(server)).toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: expect.stringContaining('rpc.replies') as string,
    });
    expect(gate.open).toBe(0);
  });

  it('not to a topic whose settings do not fit, naming topic and setting', async () => {
    const { driver } = new RpcCluster();
    const connection = await driver.connect({ clientId: 'a', log: silent, onEvent: () => undefined });
    const spec = { partitions: 1, replicationFactor: 1, config: {}, required: [] };
    await connection.ensureTopics([{ topic: 'rpc.sum.requests', ...spec }], { create: true });
    const failure = await listen(new KafkaRpcServer({ service: 'sum', driver }));
    expect(failure).toMatchObject({ status: 'FAILED_PRECONDITION' });
    expect(String(failure)).toContain('message.timestamp.type');
    expect(String(failure)).toContain('rpc.sum.requests');
    await connection.close();
  });

  it('once more after close()', async () => {
    const gate = new GatedDriver(new RpcCluster().driver);
    const server = new KafkaRpcServer({ service: 'sum', driver: gate });
    for (let i = 0; i < 2; i++) {
      expect(await listen(server)).toBeUndefined();
      expect(gate.open).toBe(1);
      await Promise.all([server.close(), server.close()]);
      expect(gate.open).toBe(0);
    }
  });

  it('to nothing when it is closed meanwhile', async () => {
    const gate = new GatedDriver(new RpcCluster().driver);
    const server = new KafkaRpcServer({ service: 'sum', driver: gate });
    const listening = listen(server);
    await server.close();
    await listening;
    expect(gate.open).toBe(0);
    expect(() => server.unwrap()).toThrow('The server does not run');
  });
});

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
