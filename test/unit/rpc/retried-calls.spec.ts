import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { GatedDriver, unreachable } from '../../support/gated-driver.js';
import { describeRetriedCalls } from '../../support/retried-calls.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('calls of a client that retries', () => {
  describeRetriedCalls(() => new RpcCluster());

  it('are sent when a broker answers, though the first attempts to connect fail: they were not sent', async () => {
    const cluster = new RpcCluster();
    const gate = new GatedDriver(cluster.driver);
    gate.before.set(1, unreachable());
    gate.before.set(2, unreachable());
    const client = cluster.client({
      driver: gate,
      timeoutMs: 500,
      retry: { attempts: 3, backoffMs: 10, on: ['UNAVAILABLE'] },
    });
    await expect(client.call('nobody', 0)).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    expect([gate.attempts, client.openCalls]).toEqual([3, 0]);
    await cluster.close();
  });

  it('take the room of open calls while they rest', async () => {
    const cluster = new RpcCluster();
    const gate = new GatedDriver(cluster.driver);
    gate.before.set(1, unreachable());
    const client = cluster.client({
      driver: gate,
      maxOpenCalls: 1,
      retry: { attempts: 2, backoffMs: 60_000, jitter: 0 },
      timeoutMs: 120_000,
    });
    const call = client.call('a', 0);
    call.catch(() => undefined);
    await expect(client.connect()).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    await client.connect();
    await expect(client.call('b', 0, { retry: false })).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
    });
    await client.close();
    await expect(call).rejects.toMatchObject({ status: 'CANCELLED' });
    await cluster.close();
  });

  describe('are not sent again when the rule that is asked', () => {
    let cluster: RpcCluster;
    let gate: GatedDriver;

    beforeEach(() => {
      cluster = new RpcCluster();
      gate = new GatedDriver(cluster.driver);
      for (let attempt = 1; attempt < 5; attempt++) gate.before.set(attempt, unreachable());
    });

    afterEach(() => cluster.close());

    const askedRule = (rule: () => void): KafkaRpcClient =>
      cluster.client({
        driver: gate,
        retry: {
          attempts: 5,
          backoffMs: 1,
          on: () => {
            rule();
            return true;
          },
        },
      });

    it('closes the client', async () => {
      const client = askedRule(() => void client.close());
      await expect(client.call('a', 0)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect([gate.attempts, client.openCalls]).toEqual([1, 0]);
    });

    it('leaves', async () => {
      const asked: number[] = [];
      const client = askedRule(() => {
        asked.push(gate.attempts);
        subscription.unsubscribe();
      });
      const subscription = client.send('a', 0).subscribe();
      await until(() => asked.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect([asked, gate.attempts]).toEqual([[1], 1]);
    });
  });

  it('refuse wrong options of a call, and what means nothing for an event', async () => {
    const cluster = new RpcCluster();
    const client = cluster.client();
    const wrong = [
      { retry: { attempts: 0 } },
      { retry: { attempt: 3 } },
      { retry: true },
      { retry: { on: 'UNAVAILABLE' } },
      { retry: { on: ['NO_STATUS'] } },
      { retry: { statuses: 'ABORTED' } },
      { retry: { on: ['ABORTED'], statuses: ['ABORTED'] } },
      { retry: { jitter: 2 } },
      { retry: { backoffMs: -1 } },
      { retry: { backoffMs: 100, maxBackoffMs: 10 } },
      { idempotent: 1 },
    ] as object[];
    for (const options of wrong)
      await expect(client.call('a', 0, options)).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
    for (const options of [{ retry: { attempts: 2 } }, { idempotent: true }])
      await expect(
        new Promise((resolve, reject) => {
          client.emit('a', 0, options).subscribe({ complete: () => resolve(0), error: reject });
        }),
      ).rejects.toMatchObject({ message: expect.stringContaining('left out for an event') as string });
    await cluster.close();
  });
});
