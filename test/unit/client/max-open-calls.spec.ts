import { deferred } from '../../support/deferred.js';
import { GatedDriver, unreachable } from '../../support/gated-driver.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('maxOpenCalls', () => {
  it('refuses one call too many with RESOURCE_EXHAUSTED, and takes calls again when there is room', async () => {
    const cluster = new RpcCluster();
    const client = cluster.client({ maxOpenCalls: 2, timeoutMs: 100 });
    await client.connect();
    const open = Promise.allSettled([client.call('a', {}), client.call('b', {})]);
    await expect(client.call('c', {})).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      retryable: true,
    });
    expect(client.openCalls).toBe(2);
    await open;
    const next = client.call('d', {});
    expect(client.openCalls).toBe(1);
    await expect(next).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    await cluster.close();
  });

  it('counts the calls that wait for the connection, and frees their room when they are given up', async () => {
    const cluster = new RpcCluster();
    const gate = new GatedDriver(cluster.driver);
    const slow = deferred();
    gate.before.set(1, slow.promise);
    const client = cluster.client({ driver: gate, maxOpenCalls: 10, timeoutMs: 10_000 });
    const outcomes: string[] = [];
    const note = (error: { status: string }): number => outcomes.push(error.status);
    const calls = Array.from({ length: 2_000 }, () => client.send('a', {}).subscribe({ error: note }));
    expect(outcomes).toEqual(Array(1_990).fill('RESOURCE_EXHAUSTED'));
    for (const call of calls.slice(0, 4)) call.unsubscribe();
    client.send('b', {}).subscribe({ error: note });
    expect(outcomes).toHaveLength(1_990);
    slow.resolve();
    await client.connect();
    expect(client.openCalls).toBe(7);
    for (let i = 0; i < 4; i++) client.send('c', {}).subscribe({ error: note });
    expect([client.openCalls, outcomes.length]).toEqual([10, 1_991]);
    await client.close();
    expect([client.openCalls, outcomes.length]).toEqual([0, 2_001]);
    await cluster.close();
  });

  it('bounds the events that wait for the connection too, and frees their room when it is there, or fails', async () => {
    const cluster = new RpcCluster();
    const gate = new GatedDriver(cluster.driver);
    const [failing, slow] = [deferred(), deferred()];
    gate.before.set(1, failing.promise.then(unreachable));
    gate.before.set(2, slow.promise);
    const client = cluster.client({ driver: gate, maxOpenCalls: 10 });
    for (const attempt of [failing, slow]) {
      const outcomes: string[] = [];
      for (let i = 0; i < 1_000; i++)
        client.emit('told', i).subscribe({
          error: (error: { status: string; message: string }) => outcomes.push(error.status),
          complete: () => outcomes.push('sent'),
        });
      expect(outcomes).toEqual(Array(990).fill('RESOURCE_EXHAUSTED'));
      await expect(client.call('a', {})).rejects.toThrow('maxOpenCalls');
      attempt.resolve();
      await until(() => outcomes.length === 1_000);
      const left = attempt === failing ? 'UNAVAILABLE' : 'sent';
      expect(outcomes.slice(990)).toEqual(Array(10).fill(left));
    }
    const calls = Array.from({ length: 10 }, () => client.call('a', {}, { timeoutMs: 50 }));
    const ends = await Promise.allSettled(calls);
    for (const end of ends) expect(end).toMatchObject({ reason: { status: 'DEADLINE_EXCEEDED' } });
    await cluster.close();
  });

  it('leaves no room taken when connecting fails, or the client is closed meanwhile', async () => {
    const cluster = new RpcCluster();
    const gate = new GatedDriver(cluster.driver);
    const client = cluster.client({ driver: gate, maxOpenCalls: 2 });
    gate.before.set(1, unreachable());
    const failed = await Promise.allSettled([client.call('a', {}), client.call('b', {})]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const slow = deferred();
    gate.before.set(2, slow.promise);
    const closed = [client.call('a', {}), client.call('b', {})].map((call) =>
      call.catch((error: { status: string }) => error.status),
    );
    await expect(client.call('c', {})).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
    const closing = client.close();
    expect(await Promise.all(closed)).toEqual(['CANCELLED', 'CANCELLED']);
    expect(client.openCalls).toBe(0);
    slow.resolve();
    await closing;
    await cluster.close();
  });
});
