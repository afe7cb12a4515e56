import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom, NEVER, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('close() of a client', () => {
  const events: unknown[] = [];
  let cluster: RpcCluster;

  @Controller()
  class SumController {
    @MessagePattern('sum.never')
    never(): Observable<never> {
      return NEVER;
    }

    @EventPattern('sum.done')
    done(@Payload() data: unknown): void {
      events.push(data);
    }
  }

  beforeEach(async () => {
    events.splice(0);
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [SumController] }, { gracePeriodMs: 20 });
  });

  afterEach(() => cluster.close());

  it('fails its open calls with CANCELLED, each once', async () => {
    const client = cluster.client();
    const errors: unknown[] = [];
    client.send('sum.never', {}).subscribe({ error: (error) => errors.push(error) });
    const call = client.call('sum.never', {});
    call.catch((error: unknown) => errors.push(error));
    await until(() => client.openCalls === 2);
    await client.close();
    await expect(call).rejects.toMatchObject({
      status: 'CANCELLED',
      message: 'The client was closed before the answer came: the call may have run.',
    });
    expect(errors).toHaveLength(2);
    expect(client.openCalls).toBe(0);
  });

  it('lets what was sent leave first', async () => {
    const client = cluster.client();
    await client.connect();
    const emitted = lastValueFrom(client.emit('sum.done', 'the last'));
    // It is in the outbox after a few microtasks, and leaves in the next turn of the event loop.
    for (let i = 0; i < 20; i++) await null;
    await client.close();
    await emitted;
    await until(() => events.length === 1);
  });

  it('leaves other clients alone', async () => {
    const [closed, open] = [cluster.client(), cluster.client()];
    await Promise.all([closed.connect(), open.connect()]);
    open.call('sum.never', {}).catch(() => undefined);
    await closed.close();
    expect(open.openCalls).toBe(1);
  });

  it('is allowed twice, and before connect()', async () => {
    const client = cluster.client();
    await client.close();
    await client.connect();
    await Promise.all([client.close(), client.close()]);
    await client.close();
  });
});
