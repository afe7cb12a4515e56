import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcServer } from 'nestjs-kafka-rpc';
import { NEVER, type Observable } from 'rxjs';
import { deferred } from '../../support/deferred.js';
import { GatedDriver } from '../../support/gated-driver.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe('close() of a server', () => {
  const started: unknown[] = [];
  let answer = deferred<string>();
  let cluster: RpcCluster;

  @Controller()
  class SlowController {
    @MessagePattern('sum.slow')
    slow(@Payload() data: unknown): Promise<string> {
      started.push(data);
      return answer.promise;
    }

    @MessagePattern('sum.never')
    never(@Payload() data: unknown): Observable<never> {
      started.push(data);
      return NEVER;
    }

    @EventPattern('sum.done')
    async done(@Payload() data: unknown): Promise<void> {
      started.push(data);
      await answer.promise;
    }
  }

  @Controller()
  class QuickController {
    @MessagePattern(['sum.slow', 'sum.never'])
    quick(@Payload() data: string): string {
      return `${data} by another`;
    }
  }

  beforeEach(() => {
    started.splice(0);
    answer = deferred();
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it('waits for running handlers, and for their replies to be with the broker', async () => {
    const { app } = await cluster.serve({ controllers: [SlowController] });
    const call = cluster.client().call('sum.slow', 'a');
    await until(() => started.length === 1);
    let isClosed = false;
    const closing = app.close().then(() => (isClosed = true));
    await turns();
    expect(isClosed).toBe(false);
    answer.resolve('drained');
    await closing;
    expect((await call).value).toBe('drained');
  });

  it('waits for running events', async () => {
    const { app, server } = await cluster.serve({ controllers: [SlowController] });
    cluster.client().emit('sum.done', 'e');
    await until(() => started.length === 1);
    let isClosed = false;
    const closing = app.close().then(() => (isClosed = true));
    await turns();
    expect(isClosed).toBe(false);
    answer.resolve('');
    await closing;
    expect(server.callsInHand).toBe(0);
  });

  it('leaves calls that were not started to other servers', async () => {
    const { app } = await cluster.serve({ controllers: [SlowController] }, { concurrency: 1, partitions: 1 });
    const client = cluster.client({ timeoutMs: 3_000 });
    const running = client.call('sum.slow', 'running');
    await until(() => started.length === 1);
    const waiting = client.call('sum.slow', 'waiting');
    await turns();
    const closing = app.close();
    const joining = cluster.serve({ controllers: [QuickController] });
    answer.resolve('running by the first');
    await closing;
    await joining;
    expect((await running).value).toBe('running by the first');
    expect((await waiting).value).toBe('waiting by another');
    expect(started).toEqual(['running']);
  });

  it('runs no call again that was answered', async () => {
    const { app } = await cluster.serve({ controllers: [SlowController] }, { commitIntervalMs: 60_000 });
    const client = cluster.client();
    answer.resolve('first');
    await Promise.all(Array.from({ length: 20 }, () => client.call('sum.slow', 'a')));
    await app.close();
    const { server } = await cluster.serve({ controllers: [QuickController] });
    expect((await client.call('sum.slow', 'b')).value).toBe('b by another');
    expect(server.counters).toMatchObject({ callsStarted: 1, callsExpired: 0 });
  });

  it('is over at once when nothing runs, is allowed twice, and before listen()', async () => {
    const { app, server } = await cluster.serve(
      { controllers: [QuickController] },
      { gracePeriodMs: 60_000 },
    );
    await Promise.all([server.close(), server.close()]);
    await app.close();
    expect(() => server.unwrap()).toThrow('The server does not run');
  });

  it('waits no longer than the grace period for a handler that hangs', async () => {
    const { app } = await cluster.serve({ controllers: [SlowController] }, { gracePeriodMs: 50 });
    cluster
      .client()
      .call('sum.never', 'a')
      .catch(() => undefined);
    await until(() => started.length === 1);
    const start = performance.now();
    await app.close();
    expect(performance.now() - start).toBeGreaterThanOrEqual(45);
  });

  it('ends a start with CANCELLED, and does not wait for a driver that hangs in connecting', async () => {
    const slow = deferred();
    const gate = new GatedDriver(cluster.driver);
    gate.before.set(1, slow.promise);
    const server = new KafkaRpcServer({ service: 'sum', driver: gate });
    const listen = (): Promise<unknown> => new Promise((resolve) => server.listen(resolve));
    const lost = listen();
    await server.close();
    expect(await lost).toMatchObject({
      status: 'CANCELLED',
      message: 'The server was closed while it started.',
    });
    expect(await listen()).toBeUndefined();
    slow.resolve();
    await until(() => gate.attempts === 2 && gate.open === 1);
    await turns();
    expect(gate.open).toBe(1);
    await server.close();
    expect(gate.open).toBe(0);
  });
});
