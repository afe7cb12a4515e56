import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { RpcError, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { deferred } from '../../support/deferred.js';
import { GatedDriver } from '../../support/gated-driver.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

describe('a client that is closed while it connects', () => {
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

  it('closes the connection as soon as it is there, and connects anew at the next call', async () => {
    const slow = deferred();
    gate.before.set(1, slow.promise);
    const connecting = client.connect().catch(() => undefined);
    const closing = client.close();
    slow.resolve();
    await Promise.all([connecting, closing]);
    expect(gate.open).toBe(0);
    expect((await client.call('sum.add', {})).value).toBe(3);
  });

  it('keeps a newer connection when the older attempt fails at last', async () => {
    const slow = deferred<never>();
    gate.before.set(1, slow.promise);
    const lost = client.connect().catch(() => undefined);
    const closing = client.close();
    await client.connect();
    slow.reject(new RpcError('UNAVAILABLE', 'Too late.'));
    await Promise.all([lost, closing]);
    await client.call('sum.add', {});
    await client.close();
    expect({ attempts: gate.attempts, open: gate.open }).toEqual({ attempts: 2, open: 0 });
  });

  it('does not wait for a driver that hangs in connecting, and keeps nothing of what comes late', async () => {
    const slow = deferred();
    gate.before.set(1, slow.promise);
    const lost = client.connect().catch((error: { status: string }) => error.status);
    await client.close();
    expect((await client.call('sum.add', {})).value).toBe(3);
    slow.resolve();
    await lost;
    expect({ attempts: gate.attempts, open: gate.open }).toEqual({ attempts: 2, open: 1 });
  });

  it('fails events and connect() as it does calls, with CANCELLED', async () => {
    const slow = deferred<never>();
    gate.before.set(1, slow.promise);
    const failures = [
      client.call('sum.add', {}),
      client.connect(),
      lastValueFrom(client.emit('sum.added', {})),
    ].map((waits) => waits.catch((error: unknown) => error));
    const closing = client.close();
    slow.reject(new RpcError('UNAVAILABLE', 'The connection is closed.'));
    await closing;
    for (const failure of await Promise.all(failures)) expect(failure).toMatchObject({ status: 'CANCELLED' });
  });
});
