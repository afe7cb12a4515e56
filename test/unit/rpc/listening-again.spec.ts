import type { MessageHandler } from '@nestjs/microservices';
import { KafkaRpcServer, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { concat, NEVER, of, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const listening = (server: KafkaRpcServer): Promise<void> =>
  new Promise((resolve, reject) =>
    server.listen((error) => (error === undefined ? resolve() : reject(error as Error))),
  );

describe('a server that listens again', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;
  let give: () => Observable<unknown>;

  beforeEach(() => {
    cluster = new RpcCluster();
    server = new KafkaRpcServer({
      service: 'sum',
      driver: cluster.driver,
      gracePeriodMs: 10,
      commitIntervalMs: 10,
    });
    const handler = (async () => give()) as unknown as MessageHandler;
    server.addHandler('sum', handler);
    client = cluster.client({ timeoutMs: 5_000 });
    give = () => of(1);
    cluster.onClose(() => server.close());
  });

  afterEach(() => cluster.close());

  it('answers under another id', async () => {
    await listening(server);
    const before = await client.call('sum', {});
    expect(before.serverId).toBe(server.id);
    await server.close();
    await listening(server);
    const after = await client.call('sum', {});
    expect(after.serverId).toBe(server.id);
    expect(after.serverId).not.toBe(before.serverId);
  });

  it('never mixes the values of its two runs of one call', async () => {
    give = () => concat(of('first run, 0'), NEVER);
    await listening(server);
    const heard: unknown[] = [];
    const end = new Promise((resolve) =>
      client.send('sum', {}).subscribe({
        next: (value) => heard.push(value),
        error: resolve,
        complete: () => resolve('complete'),
      }),
    );
    await until(() => heard.length === 1);
    await server.close();
    give = () => of('second run, 0', 'second run, 1', 'second run, 2');
    await listening(server);
    expect(await end).toMatchObject({ status: 'ABORTED' });
    expect(heard).toEqual(['first run, 0']);
  });

  it('while it starts already starts once', async () => {
    await Promise.all([listening(server), listening(server)]);
    expect((await client.call('sum', {})).value).toBe(1);
    await server.close();
    expect(server.callsInHand).toBe(0);
  });

  it('after a close() during its start says that it was closed, and starts anew', async () => {
    const first = listening(server);
    const closed = server.close();
    await expect(first).rejects.toMatchObject({ name: 'RpcError' });
    await closed;
    await listening(server);
    expect((await client.call('sum', {})).value).toBe(1);
  });

  it('while it still closes is closed by the close() that comes behind it', async () => {
    await listening(server);
    const first = server.close();
    const second = listening(server);
    await first;
    await second;
    expect((await client.call('sum', {})).value).toBe(1);
    await server.close();
    await expect(client.call('sum', {}, { timeoutMs: 100 })).rejects.toMatchObject({
      status: 'DEADLINE_EXCEEDED',
    });
  });

  it('has a callback that throws harm nothing', async () => {
    server.listen(() => {
      throw new Error('boom');
    });
    expect((await client.call('sum', {})).value).toBe(1);
  });
});
