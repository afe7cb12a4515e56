import { RpcCluster } from '../../support/rpc-cluster.js';

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
});
