import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcRecordBuilder, type KafkaRpcClient, type KafkaRpcContext } from 'nestjs-kafka-rpc';
import { lastValueFrom, Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('the deadline of a call', () => {
  const contexts: KafkaRpcContext[] = [];
  const events: unknown[] = [];
  let unsubscribed = 0;
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  @Controller()
  class SlowController {
    @MessagePattern('sum.hangs')
    hangs(@Ctx() context: KafkaRpcContext): Promise<never> {
      contexts.push(context);
      void context.signal;
      return new Promise(() => undefined);
    }

    @MessagePattern('sum.silent')
    silent(): Observable<never> {
      return new Observable(() => () => {
        unsubscribed += 1;
      });
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

  beforeEach(() => {
    contexts.splice(0);
    events.splice(0);
    unsubscribed = 0;
    cluster = new RpcCluster();
    client = cluster.client({ timeoutMs: 2_000 });
  });

  afterEach(() => cluster.close());

  it('ends it with DEADLINE_EXCEEDED, not early, and says whether it may have run', async () => {
    await cluster.serve({ controllers: [SlowController] });
    await client.connect();
    const start = performance.now();
    await expect(client.call('sum.hangs', {}, { timeoutMs: 60 })).rejects.toMatchObject({
      status: 'DEADLINE_EXCEEDED',
      message:
        'Timeout: no answer to "sum.hangs" within 60 ms. The broker has the request: the handler may have run, or may still be running.',
    });
    expect(performance.now() - start).toBeGreaterThanOrEqual(60);
    expect(client.counters.deadlinesExceeded).toBe(1);
    expect(client.openCalls).toBe(0);
  });

  it('comes from the call, else from the client', async () => {
    const patient = cluster.client({ timeoutMs: 5_000 });
    const hasty = cluster.client({ timeoutMs: 30 });
    await expect(hasty.call('sum.hangs', {})).rejects.toThrow('within 30 ms');
    await expect(patient.call('sum.hangs', {}, { timeoutMs: 40 })).rejects.toThrow('within 40 ms');
    const record = new KafkaRpcRecordBuilder({}).setTimeout(50).build();
    await expect(lastValueFrom(patient.send('sum.hangs', record))).rejects.toThrow('within 50 ms');
  });

  it('aborts the signal at the server; a handler that hangs all the same can be passed over', async () => {
    const { server } = await cluster.serve(
      { controllers: [SlowController] },
      { concurrency: 1, maxAbandonedHandlers: 1, gracePeriodMs: 10 },
    );
    const hanging = client.call('sum.hangs', {}, { timeoutMs: 60 });
    await until(() => contexts.length === 1);
    const waiting = client.call('sum.quick', {});
    await expect(hanging).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    expect((await waiting).value).toBe('done');
    expect(contexts[0]!.signal.aborted).toBe(true);
    expect(server.abandonedHandlers).toBe(1);
  });

  it('has the Observable of its handler unsubscribed', async () => {
    await cluster.serve({ controllers: [SlowController] });
    await expect(client.call('sum.silent', {}, { timeoutMs: 60 })).rejects.toThrow('no answer');
    await until(() => unsubscribed === 1);
  });

  it('that has passed keeps it from being started', async () => {
    await expect(client.call('sum.hangs', {}, { timeoutMs: 30 })).rejects.toThrow('no answer');
    const { server } = await cluster.serve({ controllers: [SlowController] });
    expect((await client.call('sum.quick', {})).value).toBe('done');
    expect(server.counters).toMatchObject({ callsExpired: 1, callsStarted: 1 });
    expect(contexts).toEqual([]);
  });

  it('of an event that has one keeps it from being started late', async () => {
    await client.connect();
    await lastValueFrom(client.emit('sum.done', new KafkaRpcRecordBuilder('late').setTimeout(20).build()));
    await lastValueFrom(client.emit('sum.done', 'never late'));
    await expect(client.call('sum.quick', {}, { timeoutMs: 50 })).rejects.toThrow('no answer');
    const { server } = await cluster.serve({ controllers: [SlowController] });
    await until(() => server.counters.callsExpired === 2 && events.length > 0);
    expect(events).toEqual(['never late']);
  });

  it('that is no whole number of milliseconds from 1 is refused with INVALID_ARGUMENT', async () => {
    for (const timeoutMs of [0, -1, 1.5, NaN, Infinity, 2 ** 31, '5' as never]) {
      await expect(client.call('sum.quick', {}, { timeoutMs })).rejects.toMatchObject({
        status: 'INVALID_ARGUMENT',
        message: expect.stringContaining('Option "timeoutMs"') as string,
      });
    }
    expect(client.openCalls).toBe(0);
  });
});
