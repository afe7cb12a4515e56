import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';

const NO_LEADER = new RpcError('UNAVAILABLE', 'Could not produce to rpc.sum.requests[3]: it has no leader.');
const STUCK_MS = 400;

describe('a call that cannot be sent within its time', () => {
  let cluster: RpcCluster;
  const runs: unknown[] = [];

  @Controller()
  class EchoController {
    @MessagePattern('echo')
    echo(@Payload() data: unknown): unknown {
      runs.push(data);
      return data;
    }
  }

  beforeEach(async () => {
    runs.splice(0);
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [EchoController] });
  });

  afterEach(() => cluster.close());

  const failureOf = (call: Promise<unknown>): Promise<RpcError> =>
    call.then(
      () => Promise.reject(new Error('It was answered.')),
      (error: RpcError) => error,
    );

  it('says why its record was tried again, or that it did not leave behind one that is', async () => {
    const client = cluster.client({ timeoutMs: 150 });
    await client.call('echo', 0);
    cluster.driver.playProduce(({ topic }) =>
      topic === 'rpc.sum.requests' ? { delayedBy: NO_LEADER, takesMs: STUCK_MS } : undefined,
    );
    const tried = failureOf(client.call('echo', 1, { key: 'k' }));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const behind = failureOf(client.call('echo', 2, { key: 'k' }));

    const expected = { status: 'DEADLINE_EXCEEDED', retryable: false };
    expect(await tried).toMatchObject({
      ...expected,
      message:
        'Timeout: no answer to "echo" within 150 ms. The broker has not acknowledged the request: it may or may not run; ' +
        `it is tried again: ${NO_LEADER.message}`,
    });
    expect(await behind).toMatchObject({
      ...expected,
      retryable: true,
      message: `Timeout: no answer to "echo" within 150 ms. The request was not sent, and does not run: ${NO_LEADER.message}`,
    });
  });

  it('says nothing of what held up an earlier one', async () => {
    const client = cluster.client();
    await client.call('echo', 0);
    cluster.driver.playProduce(({ topic }) =>
      topic === 'rpc.sum.requests' ? { delayedBy: NO_LEADER, takesMs: 5 } : undefined,
    );
    await client.call('echo', 1, { key: 'k' });
    cluster.driver.playProduce(({ topic }) =>
      topic === 'rpc.sum.requests' ? { takesMs: STUCK_MS } : undefined,
    );
    const late = await failureOf(client.call('echo', 2, { key: 'k', timeoutMs: 50 }));
    expect(late.message).toMatch(/it may or may not run\.$/);
  });
});
