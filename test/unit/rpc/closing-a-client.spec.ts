import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { defer, lastValueFrom, NEVER, retry, type Observable } from 'rxjs';
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

    @MessagePattern('sum.quick')
    quick(): string {
      return 'done';
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

  it('serves calls that are made again as soon as they end, by a new connection', async () => {
    const client = cluster.client({ timeoutMs: 2_000 });
    let subscriptions = 0;
    const answered = lastValueFrom(
      defer(() => client.send(subscriptions++ === 0 ? 'sum.never' : 'sum.quick', {})).pipe(retry(1)),
    );
    await until(() => client.openCalls === 1);
    await client.close();
    await expect(answered).resolves.toBe('done');
    expect(subscriptions).toBe(2);
    await expect(client.call('sum.quick', {})).resolves.toMatchObject({ value: 'done' });
  });

  it('has calls that are made again while it connects wait for another attempt', async () => {
    const client = cluster.client({ timeoutMs: 2_000 });
    let subscriptions = 0;
    const again = defer(() => {
      subscriptions += 1;
      if (subscriptions > 10) throw new Error('asked without a pause');
      return client.send('sum.quick', {});
    });
    const answered = lastValueFrom(again.pipe(retry()));
    await client.close();
    await expect(answered).resolves.toBe('done');
    expect(subscriptions).toBe(2);
  });

  it.each(['before it is connected', 'when it is connected'])(
    'does not send a call whose data closes it, %s',
    async (when) => {
      const client = cluster.client();
      if (when === 'when it is connected') await client.connect();
      const closing: Promise<void>[] = [];
      const data = { toJSON: () => void closing.push(client.close()) };
      await expect(client.call('sum.never', data)).rejects.toMatchObject({
        status: 'CANCELLED',
        message: 'The client was closed while the call was made: it was not sent.',
      });
      expect(closing).toHaveLength(1);
      await closing[0];
      expect(client.openCalls).toBe(0);
    },
  );
});
